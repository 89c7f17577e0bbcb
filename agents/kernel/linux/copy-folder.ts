import * as fs from "node:fs";
import { attempt } from "./attempt.ts";

/**
 * Copies what lies in the folder `from` into the folder `to`, with modes, owners and times, links as links.
 * Devices, fifos and sockets are left out: no tree that we copy has them.
 */
export function copyFolder(from: string, to: string): void {
  for (const entry of attempt("list", from, () => fs.readdirSync(from, { withFileTypes: true }))) {
    const source = `${from}/${entry.name}`;
    const goal = `${to}/${entry.name}`;
    if (entry.isDirectory()) {
      attempt("mkdir", goal, () => fs.mkdirSync(goal, { recursive: true }));
      copyFolder(source, goal);
      attempt("copy", goal, () => copyOwnership(source, goal));
    } else if (entry.isSymbolicLink()) {
      attempt("copy", goal, () => copyLink(source, goal));
    } else if (entry.isFile()) {
      attempt("copy", goal, () => copyFile(source, goal));
    }
  }
}

function copyLink(source: string, goal: string): void {
  fs.rmSync(goal, { force: true });
  fs.symlinkSync(fs.readlinkSync(source), goal);
  const { uid, gid } = fs.lstatSync(source);
  fs.lchownSync(goal, uid, gid);
}

/** For small files: copyFile tries ways of sharing blocks first, which costs more than the copy. */
function copyFile(source: string, goal: string): void {
  const { uid, gid, mode, atime, mtime } = fs.statSync(source);
  const content = fs.readFileSync(source);
  fs.rmSync(goal, { force: true });
  const fd = fs.openSync(goal, "wx", 0o600);
  try {
    fs.writeFileSync(fd, content);
    fs.fchownSync(fd, uid, gid);
    fs.fchmodSync(fd, mode & 0o7777);
    fs.futimesSync(fd, atime, mtime);
  } finally {
    fs.closeSync(fd);
  }
}

/** Owner before mode: a change of owner clears setuid bits. */
function copyOwnership(source: string, goal: string): void {
  const { uid, gid, mode, atime, mtime } = fs.lstatSync(source);
  fs.lchownSync(goal, uid, gid);
  fs.chmodSync(goal, mode & 0o7777);
  fs.utimesSync(goal, atime, mtime);
}
