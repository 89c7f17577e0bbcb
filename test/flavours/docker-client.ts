import { existsSync } from "node:fs";
import path from "node:path";
import { cachedPackage } from "../../image/fetch/fetch.ts";
import { readLock } from "../../image/resolve/lock.ts";
import { runOk } from "../vm/harness/run.ts";

const root = path.resolve(import.meta.dirname, "../..");

/** Debian's own client, unpacked from the package that the image has been built of. */
export async function debiansDocker(folder: string): Promise<string> {
  const lock = readLock(path.join(root, "image/lock/docker.amd64.json"));
  const locked = lock?.packages.find(({ name }) => name === "docker-cli");
  const file = locked && cachedPackage(path.join(root, ".cache"), locked);
  if (file === undefined || !existsSync(file)) {
    throw new Error("the package docker-cli isn't in .cache: build the image by npm run flavours");
  }
  await runOk(["dpkg-deb", "-x", file, folder]);
  return path.join(folder, "usr/bin/docker");
}
