/** Bytes of a block's header: whether it is the last, its type and its size, in this order from the lowest bit. */
const headerBytes = 3;

/** Types of a block (RFC 8878, 3.1.1.2). */
const repeated = 1;
const reserved = 3;

/**
 * The zstd frame without an empty block at its end, which a compressor that reads a stream leaves behind a whole
 * number of blocks. Linux's squashfs asks for a further page when that block lies in another page of the disk than
 * what is before it; a block of the image has no further page, and can't be read then. Frames that end with content
 * stay as they are.
 *
 * Throws a RangeError when the bytes aren't one zstd frame without a checksum.
 */
export function endedByContent(frame: Buffer): Buffer {
  let before: number | undefined;
  for (let at = firstBlock(frame); ; ) {
    if (at + headerBytes > frame.length) {
      throw new RangeError(`a zstd frame of ${frame.length} bytes ends within a block`);
    }
    const header = frame.readUIntLE(at, headerBytes);
    const type = (header >> 1) & 3;
    const size = header >> 3;
    if (type === reserved) {
      throw new RangeError(`a zstd frame has a block of no known type at ${at}`);
    }
    const end = at + headerBytes + (type === repeated ? 1 : size);
    if ((header & 1) === 0) {
      before = at;
      at = end;
      continue;
    }
    if (end !== frame.length) {
      throw new RangeError(`a zstd frame of ${frame.length} bytes ends at ${end}`);
    }
    if (size > 0 || before === undefined) {
      return frame;
    }
    const ended = Buffer.from(frame.subarray(0, at));
    ended.writeUInt8(ended.readUInt8(before) | 1, before);
    return ended;
  }
}

/** Where the first block is (RFC 8878, 3.1.1.1). */
function firstBlock(frame: Buffer): number {
  if (frame.length < 6 || frame.readUInt32LE(0) !== 0xfd2fb528) {
    throw new RangeError("not a zstd frame");
  }
  const descriptor = frame.readUInt8(4);
  if ((descriptor & 0b111) !== 0) {
    throw new RangeError("a zstd frame has a checksum or a dictionary");
  }
  const isSingleSegment = (descriptor & 0b100000) !== 0;
  const contentSizeBytes = [isSingleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6] ?? 0;
  return 5 + (isSingleSegment ? 0 : 1) + contentSizeBytes;
}
