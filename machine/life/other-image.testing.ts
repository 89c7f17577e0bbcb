import { createHash } from "node:crypto";
import { appendFile, cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** Another image in a folder: the files of the given one, with a kernel that differs. */
export async function makeOtherImage(
  image: string,
  folder: string,
  { version = "2", commandLine = "quiet" } = {},
): Promise<string> {
  await cp(image, folder, { recursive: true });
  const kernel = join(folder, "vmlinuz64");
  await appendFile(kernel, ` of build ${version}`);
  const path = join(folder, "manifest.json");
  const manifest = JSON.parse(await readFile(path, "utf8"));
  manifest.artifacts[0].sha256 = createHash("sha256")
    .update(await readFile(kernel))
    .digest("hex");
  Object.assign(manifest, { version, kernel: { commandLine } });
  await writeFile(path, JSON.stringify(manifest));
  return folder;
}
