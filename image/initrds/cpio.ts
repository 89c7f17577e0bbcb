// Written by hand: cpio(1) takes owners, device nodes and inode numbers from the disk: it needs root, and no two
// builds have the same bytes.

import { createReadStream } from "node:fs";
import { type ContentStore, contentPath } from "../files/content.ts";
import type { Entry } from "../files/entry.ts";

/** File type bits of st_mode. */
const typeBits = { folder: 0o040000, file: 0o100000, link: 0o120000, device: 0o020000 } as const;

/** Content of a cpio member that is not in the store. */
export interface LooseFile {
  path: string;
  mode: number;
  sizeBytes: number;
  source: string;
}

/**
 * A cpio archive in the "newc" form that the kernel unpacks
 * (Documentation/driver-api/early-userspace/buffer-format.rst), padded to 4 bytes so that another can
 * follow. Inode numbers, times and owners depend on nothing but the arguments.
 */
export async function* cpioBytes(
  entries: readonly Entry[],
  loose: readonly LooseFile[],
  store: ContentStore,
  timeSeconds: number,
): AsyncGenerator<Buffer> {
  let inode = 1;
  for (const entry of entries) {
    const data = entry.type === "link" ? Buffer.from(entry.target) : undefined;
    const sizeBytes = entry.type === "file" ? entry.sizeBytes : (data?.length ?? 0);
    yield cpioHeader(
      { ...entry, mode: typeBits[entry.type] | entry.mode },
      {
        inode: inode++,
        sizeBytes,
        timeSeconds,
        device: entry.type === "device" ? [entry.major, entry.minor] : [0, 0],
      },
    );
    if (data) {
      yield data;
    }
    if (entry.type === "file") {
      yield* createReadStream(contentPath(store, entry.sha256));
    }
    yield padding(sizeBytes);
  }
  for (const file of loose) {
    const { sizeBytes } = file;
    yield cpioHeader(
      { path: file.path, mode: typeBits.file | file.mode, uid: 0, gid: 0 },
      { inode: inode++, sizeBytes, timeSeconds, device: [0, 0] },
    );
    yield* createReadStream(file.source, { highWaterMark: 1 << 20 });
    yield padding(sizeBytes);
  }
  yield cpioHeader(
    { path: "TRAILER!!!", mode: 0, uid: 0, gid: 0 },
    { inode: 0, sizeBytes: 0, timeSeconds: 0, device: [0, 0] },
  );
}

interface HeaderFacts {
  inode: number;
  sizeBytes: number;
  timeSeconds: number;
  device: [major: number, minor: number];
}

function cpioHeader(
  entry: { path: string; mode: number; uid: number; gid: number },
  facts: HeaderFacts,
): Buffer {
  const name = Buffer.from(`${entry.path}\0`);
  const fields = [
    facts.inode,
    entry.mode,
    entry.uid,
    entry.gid,
    1,
    facts.timeSeconds,
    facts.sizeBytes,
    0,
    0,
    facts.device[0],
    facts.device[1],
    name.length,
    0,
  ];
  const text = `070701${fields.map((field) => field.toString(16).padStart(8, "0")).join("")}`;
  return Buffer.concat([Buffer.from(text, "latin1"), name, padding(text.length + name.length)]);
}

function padding(sizeBytes: number): Buffer {
  return Buffer.alloc((4 - (sizeBytes % 4)) % 4);
}
