import { isObject, type JsonObject } from "../json/json.ts";
import { WireError } from "./codec.ts";

/** What a client asks for. */
export interface CallMessage {
  /** "io.podman" */
  interface: string;
  /** "GetVersion" */
  method: string;
  parameters: JsonObject;
  /** Any number of replies is welcome. */
  more: boolean;
  /** No reply at all. */
  oneway: boolean;
  /** The connection speaks another protocol after the reply. */
  upgrade: boolean;
}

const longestMethod = 255;

/** Reads a call. Throws a WireError in one line. */
export function parseCall(message: JsonObject): CallMessage {
  const { method, parameters } = message;
  const [, name, last] =
    typeof method === "string" && method.length <= longestMethod
      ? (/^([A-Za-z][A-Za-z0-9.-]*)\.([A-Za-z][A-Za-z0-9]*)$/.exec(method) ?? [])
      : [];
  if (name === undefined || last === undefined) {
    throw new WireError("a call without a method");
  }
  if (parameters !== undefined && parameters !== null && !isObject(parameters)) {
    throw new WireError("a call whose parameters are no object");
  }
  return {
    interface: name,
    method: last,
    parameters: parameters ?? {},
    more: message.more === true,
    oneway: message.oneway === true,
    upgrade: message.upgrade === true,
  };
}
