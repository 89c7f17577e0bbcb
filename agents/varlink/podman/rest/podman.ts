import type { Kernel } from "../../../kernel/kernel.ts";
import type { Streams } from "../../../kernel/streams.ts";
import { Fields, isObject, type Json } from "../../json/json.ts";
import { exchange, type RestRequest, type RestResponse } from "./http.ts";

/** Podman said no. */
export class RestError extends Error {
  override readonly name = "RestError";
  /** Of HTTP: 404 for what isn't there, 409 for what is in use or in another state. */
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** No answer that is read as a whole is longer. */
const longestAnswerBytes = 64 * 1024 * 1024;

/** What is asked of the system besides. */
export type PodmanKernel = Pick<
  Kernel,
  "run" | "unlink" | "readTextIfPresent" | "nowMs" | "pid" | "stat"
>;

/** A Podman, by its REST socket. */
export class Podman {
  constructor(
    readonly streams: Streams,
    readonly kernel: PodmanKernel,
    readonly socket: string,
  ) {}

  /** The answer to a request that Podman agrees to. Throws a RestError, or a KernelError when nobody answers. */
  async ask(request: RestRequest): Promise<RestResponse> {
    const response = await exchange(this.streams, this.socket, request);
    if (response.status < 400) {
      return response;
    }
    throw new RestError(response.status, messageOf(await wholeText(response), response.status));
  }

  /** An answer in JSON; null for one without content. */
  async json(request: RestRequest): Promise<Json> {
    const text = await wholeText(await this.ask(request));
    // Podman's own; whoever reads it takes each member only for what it is.
    return text.trim() === "" ? null : (JSON.parse(text) as Json);
  }

  /** An answer that is an object. */
  async object(request: RestRequest): Promise<Fields> {
    return new Fields(await this.json(request));
  }

  /** An answer that is a list of objects. */
  async objects(request: RestRequest): Promise<Fields[]> {
    const answer = await this.json(request);
    return Array.isArray(answer) ? answer.map((one) => new Fields(one)) : [];
  }

  async text(request: RestRequest): Promise<string> {
    return await wholeText(await this.ask(request));
  }

  /** Whether Podman finds it. */
  async exists(path: string): Promise<boolean> {
    try {
      await this.text({ method: "GET", path });
      return true;
    } catch (error) {
      if (error instanceof RestError && error.status === 404) {
        return false;
      }
      throw error;
    }
  }

  /** An answer of many objects, one after another, as they come. */
  async *lines(request: RestRequest): AsyncIterable<Fields> {
    for await (const line of textLines((await this.ask(request)).parts())) {
      if (line.trim() !== "") {
        yield new Fields(JSON.parse(line));
      }
    }
  }
}

/** The lines of a text that comes in parts. */
export async function* textLines(parts: AsyncIterable<Uint8Array>): AsyncIterable<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const part of parts) {
    text += decoder.decode(part, { stream: true });
    const lines = text.split("\n");
    text = lines.pop() ?? "";
    yield* lines;
  }
  text += decoder.decode();
  if (text !== "") {
    yield text;
  }
}

async function wholeText(response: RestResponse): Promise<string> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of response.parts()) {
    length += part.length;
    if (length > longestAnswerBytes) {
      throw new Error(`Podman's answer has more than ${longestAnswerBytes} bytes`);
    }
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}

/** What Podman says of an error: the message, which ends with the cause. */
function messageOf(text: string, status: number): string {
  try {
    const said: unknown = JSON.parse(text);
    if (isObject(said) && typeof said.message === "string" && said.message !== "") {
      return said.message;
    }
  } catch (error) {
    if (!(error instanceof SyntaxError)) {
      throw error;
    }
  }
  return text.trim() === "" ? `Podman answered ${status}` : text.trim();
}
