import { readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { sha256OfFile } from "../fetch/download.ts";
import type { Manifest } from "./manifest.ts";

/** Name, size and hash of every file in a folder, by name. */
export async function describeFiles(folder: string): Promise<Manifest["artifacts"]> {
  const names = readdirSync(folder).sort();
  return await Promise.all(
    names.map(async (name) => ({
      name,
      sizeBytes: statSync(join(folder, name)).size,
      sha256: await sha256OfFile(join(folder, name)),
    })),
  );
}

/** The same for a folder with folders in it, by their paths. */
export async function listChecksums(folder: string): Promise<void> {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).sort();
  const files = names.filter((name) => statSync(join(folder, name)).isFile());
  const lines = await Promise.all(
    files.map(async (name) => `${await sha256OfFile(join(folder, name))}  ${name}\n`),
  );
  writeFileSync(join(folder, "SHA256SUMS"), lines.join(""));
}

/** Writes SHA256SUMS as sha256sum(1) checks it. */
export async function writeChecksums(folder: string): Promise<void> {
  const files = await describeFiles(folder);
  const lines = files.map(({ name, sha256 }) => `${sha256}  ${name}\n`);
  writeFileSync(join(folder, "SHA256SUMS"), lines.join(""));
}
