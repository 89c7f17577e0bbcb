import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { cpioBytes } from "../../../image/initrds/cpio.ts";
import { dist } from "./qemu.ts";
import { runOk } from "./run.ts";
import { squashfsOffset } from "./unpacked-usr.ts";

const shippedInit = path.resolve(import.meta.dirname, "../../../image/initrds/init");

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
  return joinedWith(folder, ["corepure64.gz"], {
    path: "usr.squashfs",
    mode: 0o644,
    source: image,
  });
}

/** Both initrds, joined, with another /init. */
export async function initrdWithInit(change: (text: string) => string): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), "b2p-init-"));
  const source = path.join(folder, "init");
  await writeFile(source, change(await readFile(shippedInit, "utf8")));
  return joinedWith(folder, ["corepure64.gz", "boot2podman.gz"], {
    path: "init",
    mode: 0o755,
    source,
  });
}

/** Joins artifacts, and behind them an archive with one file, which takes the place of theirs. */
async function joinedWith(
  folder: string,
  artifacts: readonly string[],
  file: { path: string; mode: number; source: string },
): Promise<string> {
  const parts: Buffer[] = await Promise.all(
    artifacts.map((name) => readFile(path.join(dist, name))),
  );
  const member = { ...file, sizeBytes: (await stat(file.source)).size };
  for await (const part of cpioBytes([], [member], { folder }, 0)) {
    parts.push(part);
  }
  const initrd = path.join(folder, "initrd");
  await writeFile(initrd, Buffer.concat(parts));
  return initrd;
}
