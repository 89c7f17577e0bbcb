import { existsSync, readdirSync, rmSync } from "node:fs";
import { readFile, rename, writeFile } from "node:fs/promises";
import path from "node:path";
import { dist } from "./qemu.ts";

const cache = path.join(dist, "../.cache");
const prefix = "test-initrd-";

/** The process that a joined file belongs to: vitest's first one, for all its workers, or the program itself. */
const ownerVariable = "B2P_TEST_RUN";
let isOwner = false;

function joinedBy(owner: string): string {
  return path.join(cache, `${prefix}${owner}`);
}

/** QEMU takes one initrd: both, joined in the order in which boot loaders give them, for as long as the run lasts. */
export async function joinedInitrds(): Promise<string> {
  if (process.env[ownerVariable] === undefined) {
    own();
  }
  const joined = joinedBy(process.env[ownerVariable] ?? "");
  if (!existsSync(joined)) {
    const parts = ["corepure64.gz", "boot2podman.gz"].map((name) => path.join(dist, name));
    const bytes = await Promise.all(parts.map((part) => readFile(part)));
    // Two workers may be at it at the same time.
    const fresh = `${joined}.${process.pid}`;
    await writeFile(fresh, Buffer.concat(bytes));
    await rename(fresh, joined);
  }
  return joined;
}

/** Makes this process the owner: its file is removed when it ends, and here those whose owner was killed. */
function own(): void {
  process.env[ownerVariable] = String(process.pid);
  isOwner = true;
  removeWithoutOwner();
  process.once("exit", disown);
}

function disown(): void {
  if (isOwner) {
    rmSync(joinedBy(String(process.pid)), { force: true });
  }
}

/** An older file of this process's number is somebody else's too, who had it before. */
function removeWithoutOwner(): void {
  if (!existsSync(cache)) {
    return;
  }
  for (const name of readdirSync(cache)) {
    if (!name.startsWith(prefix)) {
      continue;
    }
    const [owner = ""] = name.slice(prefix.length).split(".");
    if (owner === String(process.pid) || !existsSync(`/proc/${owner}`)) {
      rmSync(path.join(cache, name), { force: true });
    }
  }
}

/** For vitest: once before the first worker and once after the last. */
export default function globalSetup(): () => void {
  own();
  return disown;
}
