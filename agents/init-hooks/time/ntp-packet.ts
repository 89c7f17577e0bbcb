import { KernelError } from "../../kernel/kernel-error.ts";

/** UDP port of time servers (RFC 5905). */
export const ntpPort = 123;
const packetBytes = 48;
/** Seconds from 1900 to 1970. */
const eraSeconds = 2_208_988_800;
const clientMode = 3;
const serverMode = 4;
const version = 4;
const unsynchronized = 3;
/** A server whose own source is further away than so is no help (RFC 5905: MAXDIST is 1 s). */
const longestRootDistanceMs = 5_000;

/** What one server says of our clock. */
export interface TimeSample {
  server: string;
  /** What has to be added to our clock, in milliseconds. */
  offsetMs: number;
  /** How long the question and the answer were on their way; half of it is what the offset may be wrong by. */
  delayMs: number;
}

/**
 * A question to a time server (RFC 5905). The cookie stands where our own time would: it tells an answer from a
 * forged one, and nobody learns what our clock says.
 */
export function ntpRequest(cookie: Uint8Array): Uint8Array {
  const packet = new Uint8Array(packetBytes);
  packet[0] = (version << 3) | clientMode;
  packet.set(cookie.subarray(0, 8), 40);
  return packet;
}

/** Reads the answer. Throws a KernelError (EPROTO) for one that doesn't fit the question or that is of no use. */
export function readNtpReply(
  server: string,
  cookie: Uint8Array,
  { payload, sentMs, receivedMs }: { payload: Uint8Array; sentMs: number; receivedMs: number },
): TimeSample {
  const refuse = (detail: string): never => {
    throw new KernelError("ask the time of", server, "EPROTO", { detail });
  };
  if (payload.length < packetBytes) {
    refuse("the answer is too short");
  }
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const first = view.getUint8(0);
  const stratum = view.getUint8(1);
  if ((first & 7) !== serverMode) {
    refuse("it is not the answer of a server");
  }
  if (cookie.subarray(0, 8).some((byte, index) => payload[24 + index] !== byte)) {
    refuse("it answers another request");
  }
  if (stratum === 0) {
    refuse(`it refuses to answer (${kissCode(payload)})`);
  }
  if (first >> 6 === unsynchronized || stratum > 15) {
    refuse("it doesn't know the time itself");
  }
  const distanceMs = (view.getUint32(4) / 2 + view.getUint32(8)) / 65.536;
  if (distanceMs > longestRootDistanceMs) {
    refuse("it is too far from its own source");
  }
  const receivedThereMs = timestampMs(view, 32);
  const sentThereMs = timestampMs(view, 40);
  if (receivedThereMs === undefined || sentThereMs === undefined) {
    return refuse("it has no time");
  }
  return {
    server,
    offsetMs: (receivedThereMs - sentMs + (sentThereMs - receivedMs)) / 2,
    delayMs: Math.max(0, receivedMs - sentMs - (sentThereMs - receivedThereMs)),
  };
}

/** Unix milliseconds. The seconds overflow in 2036 and then begin anew: of both eras the one after 1970. */
function timestampMs(view: DataView, at: number): number | undefined {
  const seconds = view.getUint32(at);
  if (seconds === 0) {
    return undefined;
  }
  const unix = seconds >= eraSeconds ? seconds - eraSeconds : seconds + 2 ** 32 - eraSeconds;
  return unix * 1000 + (view.getUint32(at + 4) / 2 ** 32) * 1000;
}

function kissCode(payload: Uint8Array): string {
  return new TextDecoder().decode(payload.subarray(12, 16)).replaceAll(/[^A-Z]/g, "?");
}
