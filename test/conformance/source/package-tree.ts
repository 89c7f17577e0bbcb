import path from "node:path";
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
import type { PackageList } from "./packages.ts";

/**
 * Fetches Debian packages with what they depend on, unless they are in the cache, and unpacks them into a folder. Their
 * maintainers' scripts don't run.
 */
export async function unpackPackages(
  { suite, packages: names }: PackageList,
  cache: Cache,
  folder: string,
): Promise<void> {
  const mirrors = await chooseMirrors(process.env.BOOT2PODMAN_MIRROR);
  const aptFolder = path.join(cache.folder, "apt", `${suite}-${cache.arch}`);
  const apt = await makePrivateApt(aptFolder, suite, cache.arch, mirrors);
  await updateIndexes(apt);
  const packages = await lookUpPackages(apt, await withDependencies(apt, names));
  const now = new Date().toISOString().replace(/\.\d+Z$/, "Z");
  const lock: Lock = { suite, arch: cache.arch, resolvedAt: now, kernelPackage: "", packages };
  await fetchPackages(lock, {
    cacheDir: cache.folder,
    mirrors: async () => mirrors,
    snapshot: snapshotArchive,
    progress: cache.progress,
  });
  for (const one of packages) {
    await runTool("dpkg-deb", ["-x", cachedPackage(cache.folder, one), folder], {
      purpose: `unpack ${one.name}`,
    });
  }
}
