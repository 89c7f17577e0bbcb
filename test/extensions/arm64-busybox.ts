import path from "node:path";
import { archiveOptions } from "../../image/build-image.ts";
import { cachedPackage, fetchPackages } from "../../image/fetch/fetch.ts";
import { BuildError } from "../../image/report/build-error.ts";
import { lockPath, readLock } from "../../image/resolve/lock.ts";
import { runOk } from "../vm/harness/run.ts";

const repository = path.resolve(import.meta.dirname, "../..");

/** The path of a static busybox for arm64 in a folder, out of the package that the image of arm64 is made of. */
export async function arm64Busybox(folder: string): Promise<string> {
  const recipe = path.join(repository, "image/recipe.toml");
  const cacheDir = path.join(repository, ".cache");
  const lock = readLock(lockPath(recipe, "arm64"));
  const busybox = lock?.packages.find(({ name }) => name === "busybox-static");
  if (lock === undefined || busybox === undefined) {
    throw new BuildError("image/lock/arm64.json has no busybox-static");
  }
  const progress = { line: () => undefined, live: () => undefined };
  const options = archiveOptions({ progress }, lockPath(recipe, "arm64"), cacheDir);
  await fetchPackages({ ...lock, packages: [busybox] }, options);
  await runOk(["dpkg-deb", "-x", cachedPackage(cacheDir, busybox), folder]);
  return path.join(folder, "usr/bin/busybox");
}
