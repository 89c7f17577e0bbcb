/** A part of a container's output: Podman sends both of its streams over one. */
export interface OutputPart {
  isError: boolean;
  bytes: Uint8Array;
}

const headerBytes = 8;

/** Takes the headers off: the stream's number, three zeros, the length in 32 bits. */
export async function* demultiplex(parts: AsyncIterable<Uint8Array>): AsyncIterable<OutputPart> {
  let rest: Uint8Array = new Uint8Array();
  for await (const part of parts) {
    rest = rest.length === 0 ? part : Buffer.concat([rest, part]);
    while (rest.length >= headerBytes) {
      const header = new DataView(rest.buffer, rest.byteOffset, headerBytes);
      const end = headerBytes + header.getUint32(4);
      if (rest.length < end) {
        break;
      }
      yield { isError: header.getUint8(0) === 2, bytes: rest.subarray(headerBytes, end) };
      rest = rest.subarray(end);
    }
  }
}
