import { existsSync, statSync } from "node:fs";
import { readFile, rename, writeFile } from "node:fs/promises";
import path from "node:path";
import { type Manifest, readManifest } from "../../../image/publish/manifest.ts";
import { dist } from "./qemu.ts";

/** What the image in dist/ says of itself. */
export function manifest(): Manifest {
  return readManifest(dist);
}

/** The image's command line with `more` added; `embed` takes the place of `noembed`. */
export async function defaultCommandLine(more: string): Promise<string> {
  const added = more.split(" ").filter((word) => word !== "");
  const words = manifest().kernel.commandLine.split(" ");
  const kept = added.includes("embed") ? words.filter((word) => word !== "noembed") : words;
  return [...kept, ...added].join(" ");
}

/** QEMU takes one initrd: both, joined in the order in which boot loaders give them. */
export async function joinedInitrds(): Promise<string> {
  const parts = ["corepure64.gz", "boot2podman.gz"].map((name) => path.join(dist, name));
  const stamp = parts.map((part) => statSync(part).mtimeMs.toFixed()).join("-");
  const joined = path.join(dist, `../.cache/test-initrd-${stamp}`);
  if (!existsSync(joined)) {
    const bytes = await Promise.all(parts.map((part) => readFile(part)));
    const fresh = `${joined}.${process.pid}`;
    await writeFile(fresh, Buffer.concat(bytes));
    await rename(fresh, joined);
  }
  return joined;
}
