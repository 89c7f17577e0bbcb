import type { Uevent } from "../events.ts";

/**
 * Reads one message of the kernel's uevent socket: "ACTION@DEVPATH" and KEY=VALUE fields, each ended by NUL.
 * Undefined for anything else, as what udev sends there ("libudev…").
 */
export function parseUevent(message: Uint8Array): Uevent | undefined {
  const [header = "", ...fields] = new TextDecoder().decode(message).split("\0");
  const at = header.indexOf("@");
  if (at <= 0 || header[at + 1] !== "/") {
    return undefined;
  }
  const values: Record<string, string> = {};
  for (const field of fields) {
    const equals = field.indexOf("=");
    if (equals > 0) {
      values[field.slice(0, equals)] = field.slice(equals + 1);
    }
  }
  return { action: header.slice(0, at), devpath: header.slice(at + 1), values };
}
