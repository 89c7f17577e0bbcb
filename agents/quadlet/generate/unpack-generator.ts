import type { Kernel } from "../../kernel/kernel.ts";

/** Podman's generator as the image has it: what differs from parts of other programs, and which those are. */
const packed = "/usr/lib/boot2podman/quadlet";
const folder = "/run/boot2podman/quadlet";

/** Podman's Quadlet generator, unpacked into RAM at the first call. Throws an Error when the image hasn't got it. */
export async function unpackGenerator(kernel: Kernel): Promise<string> {
  const path = `${folder}/generator`;
  if (kernel.exists(path)) {
    return path;
  }
  const zlib: unknown = await import("node:zlib");
  if (!hasZstd(zlib)) {
    throw new Error("the runtime can't unpack zstd");
  }
  const dictionary = readParts(kernel, kernel.readText(`${packed}.from`));
  // The frame has a checksum, so that another dictionary is noticed.
  const program = zlib.zstdDecompressSync(kernel.read(`${packed}.zst`), { dictionary });
  kernel.mkdir(folder);
  kernel.writePlain(`${path}.new`, program, { mode: 0o755 });
  kernel.rename(`${path}.new`, path);
  kernel.releaseMemory();
  return path;
}

/** "PATH OFFSET LENGTH" a line. */
function readParts(kernel: Kernel, list: string): Uint8Array {
  const parts = list
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const [path = "", start = "", sizeBytes = ""] = line.split(" ");
      return { path, start: Number(start), sizeBytes: Number(sizeBytes) };
    });
  // Each part is let go before the next one: together they are some 15 MB.
  const whole = new Uint8Array(parts.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0));
  let at = 0;
  for (const { path, start, sizeBytes } of parts) {
    const reader = kernel.openReader(path);
    try {
      whole.set(reader?.read(sizeBytes, start) ?? [], at);
    } finally {
      reader?.close();
    }
    at += sizeBytes;
  }
  return whole;
}

interface Zstd {
  zstdDecompressSync(bytes: Uint8Array, options: { dictionary: Uint8Array }): Uint8Array;
}

/** The types that we have are those of a Node without it; Bun has it. */
function hasZstd(zlib: unknown): zlib is Zstd {
  return typeof zlib === "object" && zlib !== null && "zstdDecompressSync" in zlib;
}
