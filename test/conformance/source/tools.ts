import { existsSync, mkdirSync, renameSync, rmSync, symlinkSync } from "node:fs";
import path from "node:path";
import { hashOf } from "../../../image/cache/build-step.ts";
import { replaceFolder } from "../../../image/cache/replace-folder.ts";
import type { Cache } from "./fetched-tests.ts";
import { unpackPackages } from "./package-tree.ts";
import { readPackages } from "./packages.ts";

/** Changes when the folder is laid out otherwise. */
const layout = 2;

/**
 * A folder with the programs that the tests need: `usr` with bin, sbin, share and etc, and `lib`, which is laid below the
 * image's /usr/lib so that they find their libraries. Fetched from Debian unless it is in the cache.
 */
export async function fetchTools(cache: Cache): Promise<string> {
  const { tools } = readPackages();
  const home = path.join(cache.folder, "conformance");
  const folder = path.join(home, `tools-${hashOf([tools, cache.arch, layout]).slice(0, 16)}`);
  if (existsSync(folder)) {
    return folder;
  }
  mkdirSync(home, { recursive: true });
  await replaceFolder(folder, async (made) => {
    const unpacked = path.join(made, "unpacked");
    await unpackPackages(tools, cache, unpacked);
    renameSync(path.join(unpacked, "usr"), path.join(made, "usr"));
    renameSync(path.join(made, "usr/lib"), path.join(made, "lib"));
    symlinkSync("/usr/lib", path.join(made, "usr/lib"));
    renameSync(path.join(unpacked, "etc"), path.join(made, "usr/etc"));
    rmSync(unpacked, { recursive: true });
  });
  return folder;
}
