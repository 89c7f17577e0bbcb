import { chmod, mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { cachedPackage, fetchPackages } from "../../../image/fetch/fetch.ts";
import { snapshotArchive } from "../../../image/fetch/snapshot.ts";
import { type Lock, readLock } from "../../../image/resolve/lock.ts";
import { chooseMirrors } from "../../../image/resolve/mirrors.ts";
import { runOk } from "../harness/run.ts";

const repository = path.resolve(import.meta.dirname, "../../..");
/** What virtiofsd is linked with; the image has all of it. */
const libraryFolders = ["libc6", "libcap-ng0", "libgcc-s1", "libseccomp2"];

/**
 * Debian 13's virtiofsd, unpacked into `folder`, whatever this host is: Debian 12 has none that
 * podman-machine would use. It is pinned by its hash like the image's packages, and runs on the
 * image's libraries.
 *
 * @returns a program that takes virtiofsd's arguments.
 */
export async function unpackVirtiofsd(folder: string): Promise<string> {
  const ours = lock(path.join(import.meta.dirname, "virtiofsd.amd64.json"));
  const image = lock(path.join(repository, "image/lock/amd64.json"));
  const libraries = image.packages.filter(({ name }) => libraryFolders.includes(name));
  const wanted = { ...ours, packages: [...ours.packages, ...libraries] };
  const cacheDir = path.join(repository, ".cache");
  await fetchPackages(wanted, {
    cacheDir,
    mirrors: () => chooseMirrors(process.env.BOOT2PODMAN_MIRROR),
    snapshot: snapshotArchive,
    progress: { line: () => undefined, live: () => undefined },
  });
  await mkdir(folder);
  for (const one of wanted.packages) {
    await runOk(["dpkg-deb", "-x", cachedPackage(cacheDir, one), folder]);
  }
  const libraryFolder = path.join(folder, "usr/lib/x86_64-linux-gnu");
  const loader = path.join(libraryFolder, "ld-linux-x86-64.so.2");
  const program = path.join(folder, "virtiofsd");
  const words = [
    loader,
    "--library-path",
    libraryFolder,
    path.join(folder, "usr/libexec/virtiofsd"),
  ];
  await writeFile(program, `#!/bin/sh\nexec ${words.map((one) => `'${one}'`).join(" ")} "$@"\n`);
  await chmod(program, 0o755);
  return program;
}

function lock(file: string): Lock {
  const found = readLock(file);
  if (found === undefined) {
    throw new Error(`${file} is missing`);
  }
  return found;
}
