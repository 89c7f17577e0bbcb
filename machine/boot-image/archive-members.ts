import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { Header } from "tar/header";
import { MachineError } from "../error/machine-error.ts";
import type { ByteStream } from "./byte-stream.ts";

const blockBytes = 512;
const mebibyte = 1024 ** 2;

/** What an archive of a machine holds, and how much of each is believed to be that. */
const maxBytes: ReadonlyMap<string, number> = new Map([
  ["manifest.json", mebibyte],
  ["vmlinuz64", 128 * mebibyte],
  ["corepure64.gz", 64 * mebibyte],
  ["boot2podman-usr.img", 1024 * mebibyte],
]);

/**
 * Writes the members of an archive of a machine (USTAR, POSIX.1-1988) into an empty folder and gives the SHA-256 of
 * each. Such an archive holds some regular files whose names are known, and no more: whatever else a header says
 * ends the work, before anything is written by its name. Throws for what isn't such an archive, or is cut off;
 * what was written by then stays, for the caller to remove.
 */
export async function writeMembers(
  stream: ByteStream,
  folder: string,
): Promise<ReadonlyMap<string, string>> {
  const hashes = new Map<string, string>();
  for (;;) {
    const { name, sizeBytes, isEnd } = headerOf(await stream.take(blockBytes));
    if (isEnd) {
      break;
    }
    const limit = maxBytes.get(name);
    if (limit === undefined || hashes.has(name)) {
      const twice = limit === undefined ? "" : " twice";
      throw new MachineError(
        `it holds ${JSON.stringify(name.slice(0, 100))}${twice}, so it is no image of a machine`,
      );
    }
    if (sizeBytes > limit) {
      throw new MachineError(`its ${name} has ${sizeBytes} bytes, which no image of ours has`);
    }
    hashes.set(name, await writeMember(stream, sizeBytes, join(folder, name)));
    await stream.take((blockBytes - (sizeBytes % blockBytes)) % blockBytes);
  }
  const missing = [...maxBytes.keys()].filter((name) => !hashes.has(name));
  if (missing.length > 0) {
    throw new MachineError(`it lacks ${missing.join(", ")}, so it is no image of a machine`);
  }
  return hashes;
}

function headerOf(block: Buffer): { name: string; sizeBytes: number; isEnd: boolean } {
  if (block.length < blockBytes) {
    throw cutOff();
  }
  const header = new Header(block);
  if (header.nullBlock) {
    return { name: "", sizeBytes: 0, isEnd: true };
  }
  const { path: name = "", size: sizeBytes = 0, type } = header;
  if (!header.cksumValid) {
    throw new MachineError("what xz unpacked is no tar archive");
  }
  if (type !== "File" && type !== "OldFile") {
    throw new MachineError(
      `it holds ${JSON.stringify(name.slice(0, 100))}, a ${type}: an image of a machine has plain files only`,
    );
  }
  return { name, sizeBytes, isEnd: false };
}

async function writeMember(stream: ByteStream, sizeBytes: number, path: string): Promise<string> {
  const hash = createHash("sha256");
  const file = await open(path, "wx", 0o600);
  try {
    let leftBytes = sizeBytes;
    while (leftBytes > 0) {
      const chunk = await stream.next(leftBytes);
      if (chunk.length === 0) {
        throw cutOff();
      }
      hash.update(chunk);
      await file.writeFile(chunk);
      leftBytes -= chunk.length;
    }
    await file.sync();
  } finally {
    await file.close();
  }
  return hash.digest("hex");
}

function cutOff(): MachineError {
  return new MachineError("it ends in the middle");
}
