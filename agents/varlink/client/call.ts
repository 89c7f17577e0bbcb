import type { ByteStream } from "../../kernel/streams.ts";
import { Fields, type JsonObject } from "../json/json.ts";
import { VarlinkError } from "../service/varlink-error.ts";
import { encodeMessage, readMessage } from "../wire/codec.ts";

/** What is called, and how. */
export interface Calling {
  /** "io.podman.GetVersion" */
  method: string;
  parameters: JsonObject;
  more?: boolean;
  oneway?: boolean;
}

/** Calls a method and gives its replies as they come. Throws a VarlinkError that the service replies. */
export async function* callMethod(
  stream: ByteStream,
  { method, parameters, more = false, oneway = false }: Calling,
): AsyncIterable<JsonObject> {
  const wants = { ...(more ? { more } : {}), ...(oneway ? { oneway } : {}) };
  await stream.write(encodeMessage({ method, parameters, ...wants }));
  for (let goesOn = !oneway; goesOn; ) {
    const message = await readMessage(stream);
    if (message === undefined) {
      throw new Error(`the service ended the connection before its reply to ${method}`);
    }
    const reply = new Fields(message);
    if (reply.text("error") !== "") {
      throw new VarlinkError(reply.text("error"), reply.object("parameters").value);
    }
    goesOn = reply.flag("continues");
    yield reply.object("parameters").value;
  }
}

/** The one reply of a method that has one. */
export async function callOnce(stream: ByteStream, calling: Calling): Promise<Fields> {
  for await (const reply of callMethod(stream, calling)) {
    return new Fields(reply);
  }
  return new Fields({});
}
