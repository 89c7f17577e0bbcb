import { KernelError } from "../../../kernel/kernel-error.ts";
import type { ByteStream, Streams } from "../../../kernel/streams.ts";
import type { Json } from "../../json/json.ts";

/** What Podman is asked for. */
export interface RestRequest {
  method: "GET" | "POST" | "DELETE" | "PUT";
  /** Below the version: "/libpod/info". */
  path: string;
  query?: Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;
  json?: Json;
  /** A body of this many bytes. */
  body?: { lengthBytes: number; parts(): AsyncIterable<Uint8Array>; type: string };
  headers?: Readonly<Record<string, string>>;
  /** The connection is wanted for itself afterwards (attach, exec). */
  hijack?: boolean;
  /** Ends the request when it is aborted. */
  gone?: AbortSignal;
}

/** What it answers. */
export interface RestResponse {
  status: number;
  headers: ReadonlyMap<string, string>;
  /** A part at a time; ends with the answer. Throws a KernelError for one that is cut off. */
  parts(): AsyncIterable<Uint8Array>;
  /** The connection itself, after a request that wanted it. */
  stream: ByteStream;
}

/** The oldest of Podman 5, so that every one of its versions answers. */
const apiVersion = "v5.0.0";
const longestHeadBytes = 64 * 1024;

/**
 * Asks over a connection of its own. By hand, since the connection is wanted back after an attach, which neither
 * runtime's client gives. Throws a KernelError when nobody answers.
 */
export async function exchange(
  streams: Streams,
  socket: string,
  request: RestRequest,
): Promise<RestResponse> {
  const stream = await streams.connectStream(socket);
  const stop = () => stream.close();
  request.gone?.addEventListener("abort", stop, { once: true });
  try {
    if (request.gone?.aborted === true) {
      throw new KernelError("ask", socket, "ECANCELED");
    }
    await send(stream, request);
    const head = await readHead(stream, socket);
    return { ...head, stream, parts: () => bodyParts(stream, socket, head) };
  } catch (error) {
    stream.close();
    throw error;
  }
}

async function send(stream: ByteStream, request: RestRequest): Promise<void> {
  const json = request.json === undefined ? undefined : Buffer.from(JSON.stringify(request.json));
  const lengthBytes = json?.length ?? request.body?.lengthBytes;
  const type = json === undefined ? request.body?.type : "application/json";
  const lines = [
    `${request.method} /${apiVersion}${request.path}${queryText(request.query ?? {})} HTTP/1.1`,
    "Host: d",
    ...(request.hijack === true ? ["Connection: Upgrade", "Upgrade: tcp"] : ["Connection: close"]),
    ...(type === undefined ? [] : [`Content-Type: ${type}`]),
    // What is posted without a length Podman would take for standard input of a container.
    ...(lengthBytes === undefined ? [] : [`Content-Length: ${lengthBytes}`]),
    ...(lengthBytes === undefined && request.method !== "GET" ? ["Content-Length: 0"] : []),
    ...Object.entries(request.headers ?? {}).map(([name, value]) => `${name}: ${value}`),
  ];
  await stream.write(Buffer.from(`${lines.join("\r\n")}\r\n\r\n`));
  if (json !== undefined) {
    await stream.write(json);
  }
  for await (const part of request.body?.parts() ?? []) {
    await stream.write(part);
  }
}

function queryText(query: NonNullable<RestRequest["query"]>): string {
  const words = Object.entries(query).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).flatMap((one) =>
      one === undefined ? [] : `${name}=${encodeURIComponent(String(one))}`,
    ),
  );
  return words.length === 0 ? "" : `?${words.join("&")}`;
}

interface Head {
  status: number;
  headers: ReadonlyMap<string, string>;
}

async function readHead(stream: ByteStream, socket: string): Promise<Head> {
  let bytes: Buffer = Buffer.alloc(0);
  for (;;) {
    const end = bytes.indexOf("\r\n\r\n");
    if (end !== -1) {
      stream.unread(bytes.subarray(end + 4));
      return parseHead(bytes.toString("latin1", 0, end), socket);
    }
    const more = bytes.length > longestHeadBytes ? undefined : await stream.read();
    if (more === undefined) {
      throw new KernelError("ask", socket, "ECONNRESET", { detail: "no answer" });
    }
    bytes = Buffer.concat([bytes, more]);
  }
}

function parseHead(text: string, socket: string): Head {
  const [first = "", ...lines] = text.split("\r\n");
  const [, status] = /^HTTP\/1\.[01] (\d{3})(?: |$)/.exec(first) ?? [];
  if (status === undefined) {
    throw new KernelError("ask", socket, "EPROTO", { detail: "an answer that is not HTTP" });
  }
  const headers = new Map(
    lines.flatMap((line): [string, string][] => {
      const colon = line.indexOf(":");
      return colon < 1
        ? []
        : [[line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()]];
    }),
  );
  return { status: Number(status), headers };
}

async function* bodyParts(
  stream: ByteStream,
  socket: string,
  { status, headers }: Head,
): AsyncIterable<Uint8Array> {
  const cut = () => new KernelError("read from", socket, "ECONNRESET", { detail: "cut off" });
  try {
    if (status === 204 || status === 304) {
      return;
    }
    if (headers.get("transfer-encoding")?.toLowerCase() === "chunked") {
      for (;;) {
        const length = Number.parseInt(await readLine(stream, cut), 16);
        if (!(length >= 0)) {
          throw cut();
        }
        yield* exactly(stream, length, cut);
        if (length === 0) {
          return;
        }
        await readLine(stream, cut);
      }
    }
    const given = headers.get("content-length");
    if (given !== undefined) {
      yield* exactly(stream, Number(given), cut);
      return;
    }
    for (;;) {
      const bytes = await stream.read();
      if (bytes === undefined) {
        return;
      }
      yield bytes;
    }
  } finally {
    stream.close();
  }
}

async function* exactly(
  stream: ByteStream,
  length: number,
  cut: () => Error,
): AsyncIterable<Uint8Array> {
  for (let rest = length; rest > 0; ) {
    const bytes = await stream.read();
    if (bytes === undefined) {
      throw cut();
    }
    const part = bytes.subarray(0, rest);
    stream.unread(bytes.subarray(part.length));
    rest -= part.length;
    yield part;
  }
}

async function readLine(stream: ByteStream, cut: () => Error): Promise<string> {
  let text = "";
  for (;;) {
    const bytes = await stream.read();
    if (bytes === undefined || text.length > longestHeadBytes) {
      throw cut();
    }
    const end = bytes.indexOf(0x0a);
    text += new TextDecoder().decode(end === -1 ? bytes : bytes.subarray(0, end));
    if (end !== -1) {
      stream.unread(bytes.subarray(end + 1));
      return text.trim();
    }
  }
}
