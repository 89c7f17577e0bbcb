/** What a frame holds that follows an upgraded Attach or ExecContainer, by the numbers of Podman 1. */
export const frameKinds = {
  output: 0,
  input: 1,
  errorOutput: 2,
  resize: 3,
  quit: 4,
  hangUp: 5,
} as const;

/** A frame: kind, three zeros, the length in 32 bits, big-endian, and so many bytes. */
export interface Frame {
  kind: number;
  bytes: Uint8Array;
}

const headerBytes = 8;
/** A client's writes are smaller by far: what is longer is no frame. */
const longestFrameBytes = 16 * 1024 * 1024;

/** A frame as bytes. */
export function encodeFrame(kind: number, bytes: Uint8Array): Uint8Array {
  const frame = new Uint8Array(headerBytes + bytes.length);
  const header = new DataView(frame.buffer);
  header.setUint8(0, kind);
  header.setUint32(4, bytes.length);
  frame.set(bytes, headerBytes);
  return frame;
}

/** The last frame, with an exit status. */
export function quitFrame(status: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, status);
  return encodeFrame(frameKinds.quit, bytes);
}

/** The frames that come in parts; ends at one that is none. */
export async function* readFrames(parts: AsyncIterable<Uint8Array>): AsyncIterable<Frame> {
  let rest: Uint8Array = new Uint8Array();
  for await (const part of parts) {
    rest = rest.length === 0 ? part : Buffer.concat([rest, part]);
    while (rest.length >= headerBytes) {
      const header = new DataView(rest.buffer, rest.byteOffset, headerBytes);
      const length = header.getUint32(4);
      const kind = header.getUint8(0);
      if (length > longestFrameBytes || kind > frameKinds.hangUp) {
        return;
      }
      const end = headerBytes + length;
      if (rest.length < end) {
        break;
      }
      yield { kind, bytes: rest.subarray(headerBytes, end) };
      rest = rest.subarray(end);
    }
  }
}

/** A terminal's size, as clients send it: {"Width":80,"Height":24}; undefined for none. */
export function parseSize(bytes: Uint8Array): { w: number; h: number } | undefined {
  let read: unknown;
  try {
    read = JSON.parse(new TextDecoder().decode(bytes));
  } catch (error) {
    if (error instanceof SyntaxError) {
      return undefined;
    }
    throw error;
  }
  if (typeof read !== "object" || read === null || !("Width" in read && "Height" in read)) {
    return undefined;
  }
  const { Width: w, Height: h } = read;
  const isSide = (side: unknown): side is number =>
    typeof side === "number" && Number.isInteger(side) && side > 0 && side < 65_536;
  return isSide(w) && isSide(h) ? { w, h } : undefined;
}
