/** How the kernel in a bzImage is compressed, as far as we can undo it. */
export type Compression = "gzip" | "xz" | "zstd";

/** The compressed kernel in a bzImage. */
export interface KernelPayload {
  readonly compression: Compression;
  /** The compressed stream alone. */
  readonly stream: Buffer;
  /** Of the kernel that is in it. */
  readonly sizeBytes: number;
}

/** Debian's kernel has 58 MB, one with everything built in twice as much. */
const largestKernelBytes = 256 * 1024 * 1024;

/** Fields of the setup header (Linux: Documentation/arch/x86/boot.rst), by their offset in the file. */
const field = { setupSectors: 0x1f1, magic: 0x202, version: 0x206, offset: 0x248, length: 0x24c };
const headerEnd = 0x250;
const sectorBytes = 512;
/** Where the field says 0, a kernel of the oldest protocol means 4. */
const setupSectorsOfOld = 4;
/** The payload is described since protocol 2.08. */
const oldestVersion = 0x0208;
/** Its size follows the stream; gzip's own last field is that size already. */
const sizeFieldBytes = 4;

const magics: ReadonlyArray<readonly [Compression, string]> = [
  ["gzip", "1f8b"],
  ["xz", "fd377a585a00"],
  ["zstd", "28b52ffd"],
];

/**
 * Finds the compressed kernel in a bzImage. Undefined for what is no bzImage, is damaged, is older than 2.6.26,
 * or is compressed in another way.
 */
export function kernelPayload(bzImage: Buffer): KernelPayload | undefined {
  if (
    bzImage.length < headerEnd ||
    bzImage.toString("latin1", field.magic, field.magic + 4) !== "HdrS" ||
    bzImage.readUInt16LE(field.version) < oldestVersion
  ) {
    return undefined;
  }
  const setupSectors = bzImage.readUInt8(field.setupSectors) || setupSectorsOfOld;
  // The offset counts from the protected-mode code, which comes after the boot sector and the setup's sectors.
  const start = (1 + setupSectors) * sectorBytes + bzImage.readUInt32LE(field.offset);
  const end = start + bzImage.readUInt32LE(field.length);
  if (end > bzImage.length || end - start <= sizeFieldBytes) {
    return undefined;
  }
  const payload = bzImage.subarray(start, end);
  const hex = payload.toString("hex", 0, 6);
  const compression = magics.find(([, magic]) => hex.startsWith(magic))?.[0];
  const sizeBytes = payload.readUInt32LE(payload.length - sizeFieldBytes);
  if (compression === undefined || sizeBytes === 0 || sizeBytes > largestKernelBytes) {
    return undefined;
  }
  const stream = compression === "gzip" ? payload : payload.subarray(0, -sizeFieldBytes);
  return { compression, stream, sizeBytes };
}
