import { createReadStream } from "node:fs";
import { Readable } from "node:stream";
import { Header } from "tar";
import type { Entry } from "../compose/entry.ts";
import { type ContentStore, contentPath } from "../extract/content.ts";
import { BuildError } from "../stage/build-error.ts";

const BLOCK_BYTES = 512;

/**
 * A tar stream of entries in their order, every time the same. It carries owners, modes and devices
 * without anybody needing the right to make them.
 */
export function tarStream(
  entries: readonly Entry[],
  store: ContentStore,
  timeSeconds: number,
  onBytes: (sizeBytes: number) => void,
): Readable {
  return Readable.from(tarBytes(entries, store, timeSeconds, onBytes));
}

async function* tarBytes(
  entries: readonly Entry[],
  store: ContentStore,
  timeSeconds: number,
  onBytes: (sizeBytes: number) => void,
): AsyncGenerator<Buffer> {
  for (const entry of entries) {
    yield tarHeader(entry, timeSeconds);
    if (entry.type !== "file") continue;
    for await (const chunk of createReadStream(contentPath(store, entry.sha256), {
      highWaterMark: 1 << 20,
    })) {
      onBytes(chunk.length);
      yield chunk;
    }
    const padding = (BLOCK_BYTES - (entry.sizeBytes % BLOCK_BYTES)) % BLOCK_BYTES;
    if (padding > 0) yield Buffer.alloc(padding);
  }
  yield Buffer.alloc(2 * BLOCK_BYTES);
}

function tarHeader(entry: Entry, timeSeconds: number): Buffer {
  const types = {
    file: "File",
    folder: "Directory",
    link: "SymbolicLink",
    device: "CharacterDevice",
  } as const;
  const header = new Header({
    path: entry.type === "folder" ? `${entry.path}/` : entry.path,
    mode: entry.mode,
    uid: entry.uid,
    gid: entry.gid,
    size: entry.type === "file" ? entry.sizeBytes : 0,
    mtime: new Date(timeSeconds * 1000),
    type: types[entry.type],
    ...(entry.type === "link" ? { linkpath: entry.target } : {}),
    ...(entry.type === "device" ? { devmaj: entry.major, devmin: entry.minor } : {}),
  });
  const bytes = Buffer.alloc(BLOCK_BYTES);
  if (header.encode(bytes, 0))
    throw new BuildError(`${entry.path} is too long a path for the image`);
  return bytes;
}
