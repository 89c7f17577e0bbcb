import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readdir } from "node:fs/promises";
import path from "node:path";
import { pipeline } from "node:stream/promises";

/** The hashes of all that forks read of a template. */
export async function templateHashes(store: string, template: string): Promise<string> {
  const folder = path.join(store, "templates", template);
  const names = (await readdir(folder)).sort();
  const hashes = await Promise.all(names.map((name) => hashOf(path.join(folder, name))));
  return names.map((name, index) => `${name} ${hashes[index]}`).join("\n");
}

async function hashOf(file: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file), hash);
  return hash.digest("hex");
}
