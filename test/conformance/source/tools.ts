import { existsSync, mkdirSync, renameSync, rmSync, symlinkSync } from "node:fs";
import path from "node:path";
import { hashOf } from "../../../image/cache/build-step.ts";
import { replaceFolder } from "../../../image/cache/replace-folder.ts";
import { cachedPackage, fetchPackages } from "../../../image/fetch/fetch.ts";
import { snapshotArchive } from "../../../image/fetch/snapshot.ts";
import {
  lookUpPackages,
  makePrivateApt,
  updateIndexes,
  withDependencies,
} from "../../../image/resolve/apt.ts";
import type { Lock } from "../../../image/resolve/lock.ts";
import { chooseMirrors } from "../../../image/resolve/mirrors.ts";
import { runTool } from "../../../image/tool/run-tool.ts";
import type { Cache } from "./fetched-tests.ts";
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
  const mirrors = await chooseMirrors(process.env.BOOT2PODMAN_MIRROR);
  const aptFolder = path.join(cache.folder, "apt", `${tools.suite}-${cache.arch}`);
  const apt = await makePrivateApt(aptFolder, tools.suite, cache.arch, mirrors);
  await updateIndexes(apt);
  const packages = await lookUpPackages(apt, await withDependencies(apt, tools.packages));
  const now = new Date().toISOString().replace(/\.\d+Z$/, "Z");
  const lock: Lock = {
    suite: tools.suite,
    arch: cache.arch,
    resolvedAt: now,
    kernelPackage: "",
    packages,
  };
  await fetchPackages(lock, {
    cacheDir: cache.folder,
    mirrors: async () => mirrors,
    snapshot: snapshotArchive,
    progress: cache.progress,
  });
  await replaceFolder(folder, async (made) => {
    const unpacked = path.join(made, "unpacked");
    for (const one of packages) {
      await runTool("dpkg-deb", ["-x", cachedPackage(cache.folder, one), unpacked], {
        purpose: `unpack ${one.name}`,
      });
    }
    renameSync(path.join(unpacked, "usr"), path.join(made, "usr"));
    renameSync(path.join(made, "usr/lib"), path.join(made, "lib"));
    symlinkSync("/usr/lib", path.join(made, "usr/lib"));
    renameSync(path.join(unpacked, "etc"), path.join(made, "usr/etc"));
    rmSync(unpacked, { recursive: true });
  });
  return folder;
}
