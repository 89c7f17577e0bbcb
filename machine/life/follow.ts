import { open } from "node:fs/promises";
import { dirname } from "node:path";
import { systemErrorCode } from "../../system-error.ts";
import { waitInFolder } from "../store/folder-watch.ts";

const forEverMs = 2 ** 31 - 1;

/** Hands over what a file holds and all that is added to it, until this process is ended. */
export async function followFile(path: string, take: (text: string) => void): Promise<void> {
  let position = 0;
  const decoder = new TextDecoder();
  await waitInFolder(
    dirname(path),
    async () => {
      const part = await readFrom(path, position);
      // A new start begins a new file.
      position = part.sizeBytes < position ? 0 : position + part.bytes.length;
      if (part.bytes.length > 0) {
        take(decoder.decode(part.bytes, { stream: true }));
      }
      return undefined;
    },
    forEverMs,
  );
}

async function readFrom(
  path: string,
  start: number,
): Promise<{ bytes: Buffer; sizeBytes: number }> {
  try {
    const file = await open(path, "r");
    try {
      const { size } = await file.stat();
      const length = Math.max(0, size - start);
      const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, start);
      return { bytes: buffer.subarray(0, bytesRead), sizeBytes: size };
    } finally {
      await file.close();
    }
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") {
      return { bytes: Buffer.alloc(0), sizeBytes: 0 };
    }
    throw error;
  }
}
