import { existsSync, readFileSync, statSync } from "node:fs";
import { readFile, rename, writeFile } from "node:fs/promises";
import path from "node:path";
import * as z from "zod";
import { dist } from "./qemu.ts";

const manifestPart = z.looseObject({
  version: z.string(),
  commandLine: z.string(),
  artifacts: z.record(z.string(), z.looseObject({ sizeBytes: z.number() })),
  groups: z.record(
    z.string(),
    z.looseObject({ rawBytes: z.number(), compressedBytes: z.number() }),
  ),
});

/** The version and the command line that the image was built with. */
export function manifest(): z.infer<typeof manifestPart> {
  const file = path.join(dist, "manifest.json");
  if (!existsSync(file)) throw new Error(`${file} is missing: run "npm run build"`);
  return manifestPart.parse(JSON.parse(readFileSync(file, "utf8")));
}

/** The image's command line with `more` added; `embed` takes the place of `noembed`. */
export async function defaultCommandLine(more: string): Promise<string> {
  const added = more.split(" ").filter((word) => word !== "");
  const words = manifest().commandLine.split(" ");
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
