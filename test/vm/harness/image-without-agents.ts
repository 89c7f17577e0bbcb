import { mkdtemp, open, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { cpioBytes } from "../../../image/initrds/cpio.ts";
import { dist } from "./qemu.ts";
import { runOk } from "./run.ts";

/** What a squashfs image begins with (kernel: Documentation/filesystems/squashfs.rst). */
const SQUASHFS_MAGIC = "hsqs";

/** Both initrds, joined, with the agents' program taken out of /usr: what a damaged image is like. */
export async function initrdWithoutAgents(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), "b2p-damaged-"));
  const addOn = path.join(dist, "boot2podman.gz");
  const tree = path.join(folder, "usr");
  await runOk([
    "unsquashfs",
    "-q",
    "-n",
    "-o",
    String(await squashfsOffset(addOn)),
    "-d",
    tree,
    addOn,
  ]);
  await rm(path.join(tree, "lib/boot2podman/agents"));
  const image = path.join(folder, "usr.squashfs");
  await runOk([
    "mksquashfs",
    tree,
    image,
    "-quiet",
    "-no-progress",
    "-comp",
    "zstd",
    "-Xcompression-level",
    "1",
  ]);
  await rm(tree, { recursive: true });
  const bytes = await readFile(image);
  const member = { path: "usr.squashfs", mode: 0o644, sizeBytes: bytes.length, source: image };
  const parts: Buffer[] = [await readFile(path.join(dist, "corepure64.gz"))];
  for await (const part of cpioBytes([], [member], { folder }, 0)) parts.push(part);
  const initrd = path.join(folder, "initrd");
  await writeFile(initrd, Buffer.concat(parts));
  return initrd;
}

/** Where the image begins in the bare cpio that carries it. */
async function squashfsOffset(file: string): Promise<number> {
  const handle = await open(file);
  const { buffer } = await handle.read(Buffer.alloc(4096), 0, 4096, 0);
  await handle.close();
  const offset = buffer.indexOf(SQUASHFS_MAGIC);
  if (offset < 0) throw new Error(`${file} carries no squashfs image in its first 4 KiB`);
  return offset;
}
