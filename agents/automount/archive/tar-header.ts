/** Unit of a tar archive (POSIX ustar): each header, and what content is filled up to. */
export const blockBytes = 512;

/** One header of a tar archive as it stands (POSIX.1: ustar Interchange Format), not yet judged. */
export interface TarHeader {
  name: string;
  mode: number;
  sizeBytes: number;
  /** "0" file, "5" folder; everything else as found. */
  type: string;
}

/** Reads one 512-byte header. Throws an Error that says which field is wrong. */
export function readTarHeader(block: Uint8Array): TarHeader {
  const magic = text(block, 257, 5);
  if (magic !== "ustar") {
    throw new Error("it has no ustar header");
  }
  const stated = octal(block, 148, 8, "checksum");
  if (stated !== checksum(block)) {
    throw new Error("a header's checksum is wrong");
  }
  const prefix = text(block, 345, 155);
  const name = text(block, 0, 100);
  const type = text(block, 156, 1);
  return {
    // In GNU's format these bytes hold other fields.
    name: prefix === "" || text(block, 257, 8).startsWith("ustar ") ? name : `${prefix}/${name}`,
    mode: octal(block, 100, 8, "mode"),
    sizeBytes: octal(block, 124, 12, "size"),
    type: type === "" ? "0" : type,
  };
}

/** Sum of all bytes, the checksum's own field counted as spaces. */
function checksum(block: Uint8Array): number {
  let sum = 0;
  for (const [index, byte] of block.entries()) {
    sum += index >= 148 && index < 156 ? 0x20 : byte;
  }
  return sum;
}

/** Text up to the first zero byte. Throws when it isn't UTF-8. */
function text(block: Uint8Array, offset: number, maxBytes: number): string {
  const field = block.subarray(offset, offset + maxBytes);
  const end = field.indexOf(0);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(
      end === -1 ? field : field.subarray(0, end),
    );
  } catch (error) {
    throw new Error("a name is not UTF-8", { cause: error });
  }
}

function octal(block: Uint8Array, offset: number, maxBytes: number, field: string): number {
  const digits = Buffer.from(block.subarray(offset, offset + maxBytes))
    .toString("latin1")
    .replace(/[\0 ]+$/, "")
    .trimStart();
  if (!/^[0-7]*$/.test(digits)) {
    throw new Error(`a ${field} is not octal`);
  }
  return digits === "" ? 0 : Number.parseInt(digits, 8);
}
