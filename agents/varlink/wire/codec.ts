import type { ByteStream } from "../../kernel/streams.ts";
import { isObject, type JsonObject } from "../json/json.ts";

/** No message is longer; systemd's clients have the same limit. */
export const longestMessageBytes = 16 * 1024 * 1024;
/** No message has more lists and objects within one another. */
export const deepestMessage = 64;

/** A message isn't one: the connection can't go on. */
export class WireError extends Error {
  override readonly name = "WireError";
}

/** A message as bytes: JSON and a NUL (https://varlink.org/Method-Call). */
export function encodeMessage(message: JsonObject): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(message)}\0`);
}

/** Reads a message, without its NUL. Throws a WireError in one line. */
export function decodeMessage(bytes: Uint8Array): JsonObject {
  if (depthOf(bytes) > deepestMessage) {
    throw new WireError(`a message of more than ${deepestMessage} levels`);
  }
  let read: unknown;
  try {
    read = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    throw new WireError("a message that is no JSON", { cause: error });
  }
  if (!isObject(read)) {
    throw new WireError("a message that is no object");
  }
  return read;
}

/** How deep lists and objects go, at most one more than is allowed. What stands in texts doesn't count. */
function depthOf(bytes: Uint8Array): number {
  let depth = 0;
  let deepest = 0;
  let isInText = false;
  for (let index = 0; index < bytes.length; index += 1) {
    const byte = bytes[index];
    if (isInText) {
      if (byte === 0x5c) {
        index += 1;
      } else if (byte === 0x22) {
        isInText = false;
      }
    } else if (byte === 0x22) {
      isInText = true;
    } else if (byte === 0x7b || byte === 0x5b) {
      depth += 1;
      deepest = Math.max(deepest, depth);
      if (deepest > deepestMessage) {
        return deepest;
      }
    } else if (byte === 0x7d || byte === 0x5d) {
      depth -= 1;
    }
  }
  return deepest;
}

/**
 * The next message of a stream; undefined when it has ended. What comes after its NUL stays in the stream. Throws a
 * WireError for what is no message, too long, or cut off.
 */
export async function readMessage(
  stream: ByteStream,
  longestBytes = longestMessageBytes,
): Promise<JsonObject | undefined> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const bytes = await stream.read();
    if (bytes === undefined) {
      if (length > 0) {
        throw new WireError("a message without an end");
      }
      return undefined;
    }
    const end = bytes.indexOf(0);
    const part = end === -1 ? bytes : bytes.subarray(0, end);
    length += part.length;
    if (length > longestBytes) {
      throw new WireError(`a message of more than ${longestBytes} bytes`);
    }
    parts.push(part);
    if (end !== -1) {
      stream.unread(bytes.subarray(end + 1));
      return decodeMessage(Buffer.concat(parts));
    }
  }
}
