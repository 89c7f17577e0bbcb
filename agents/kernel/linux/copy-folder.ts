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
    } else if (entry.isSymbolicLink()) {
      attempt("copy", goal, () => copyLink(source, goal));
      continue;
    } else if (entry.isFile()) {
      attempt("copy", goal, () => fs.copyFileSync(source, goal));
    } else {
      continue;
    }
    attempt("copy", goal, () => copyOwnership(source, goal));
  }
}

function copyLink(source: string, goal: string): void {
  fs.rmSync(goal, { force: true });
  fs.symlinkSync(fs.readlinkSync(source), goal);
  const { uid, gid } = fs.lstatSync(source);
  fs.lchownSync(goal, uid, gid);
}

/** Owner before mode: a change of owner clears setuid bits. */
function copyOwnership(source: string, goal: string): void {
  const { uid, gid, mode, atime, mtime } = fs.lstatSync(source);
  fs.lchownSync(goal, uid, gid);
  fs.chmodSync(goal, mode & 0o7777);
  fs.utimesSync(goal, atime, mtime);
}
