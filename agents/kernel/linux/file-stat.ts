import type * as fs from "node:fs";
import type { FileKind, FileStat } from "../files.ts";

/** A file's properties as our interface has them. */
export function statOf(stat: fs.Stats): FileStat {
  return {
    kind: kindOf(stat),
    mode: stat.mode & 0o7777,
    uid: stat.uid,
    gid: stat.gid,
    sizeBytes: stat.size,
    mtimeMs: stat.mtimeMs,
    deviceId: stat.dev,
    nodeId: stat.rdev,
    inode: stat.ino,
  };
}

/** What kind of file it is. */
export function kindOf(stat: fs.Stats): FileKind {
  if (stat.isFile()) {
    return "file";
  }
  if (stat.isDirectory()) {
    return "folder";
  }
  if (stat.isSymbolicLink()) {
    return "link";
  }
  if (stat.isFIFO()) {
    return "fifo";
  }
  if (stat.isSocket()) {
    return "socket";
  }
  return stat.isBlockDevice() ? "block" : "char";
}
