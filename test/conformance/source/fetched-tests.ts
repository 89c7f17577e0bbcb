import { existsSync, mkdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { replaceFolder } from "../../../image/cache/replace-folder.ts";
import { downloadFile } from "../../../image/fetch/download.ts";
import type { Arch } from "../../../image/recipe/recipe.ts";
import { BuildError } from "../../../image/report/build-error.ts";
import type { Progress } from "../../../image/report/progress.ts";
import { lookUpSource, makePrivateApt, updateIndexes } from "../../../image/resolve/apt.ts";
import { readLock } from "../../../image/resolve/lock.ts";
import { chooseMirrors } from "../../../image/resolve/mirrors.ts";
import { runTool } from "../../../image/tool/run-tool.ts";
import { readPackages } from "./packages.ts";

/** Where what is fetched and made for these tests is kept. */
export interface Cache {
  /** .cache of the repository. */
  folder: string;
  arch: Arch;
  progress: Progress;
}

/** Podman's own tests, unpacked. */
export interface FetchedTests {
  /** Podman's version, such as "4.3.1". */
  version: string;
  /** The source package's files; the tests are in test/system. */
  folder: string;
}

/**
 * Podman's source package of that name in packages.toml, fetched from Debian unless it is in the cache.
 * @throws BuildError when the archive doesn't give it.
 */
export async function fetchTests(name: string, cache: Cache): Promise<FetchedTests> {
  const wanted = readPackages().tests[name];
  if (wanted === undefined) {
    throw new BuildError(`no tests named "${name}" in test/conformance/packages.toml`);
  }
  const version = name === "pinned" ? pinnedVersion(cache) : wanted.version;
  const folder = path.join(cache.folder, "conformance", `${wanted.package}_${version}`);
  const tests = { version: version.replace(/[+-].*/, ""), folder };
  if (existsSync(folder)) {
    return tests;
  }
  const apt = await makePrivateApt(
    path.join(cache.folder, "apt", `${wanted.suite}-${cache.arch}-source`),
    wanted.suite,
    cache.arch,
    await chooseMirrors(process.env.BOOT2PODMAN_MIRROR),
    ["deb-src"],
  );
  cache.progress.line(`fetching the source of ${wanted.package} ${version}`);
  await updateIndexes(apt);
  const files = await lookUpSource(apt, wanted.package, version);
  const original = files.find((file) => /\.orig\.tar\.\w+$/.test(file.name));
  if (original === undefined) {
    throw new BuildError(`the source of ${wanted.package} ${version} has no .orig.tar`);
  }
  const archive = path.join(cache.folder, "conformance", original.name);
  await downloadFile({
    url: original.url,
    target: archive,
    sha256: original.sha256,
    idleTimeoutSeconds: 30,
    retries: 1,
    environment: apt.environment,
  });
  await replaceFolder(folder, async (made) => {
    mkdirSync(made, { recursive: true });
    const words = ["-xf", archive, "-C", made, "--strip-components=1", "--no-same-owner"];
    await runTool("tar", words, { purpose: `unpack ${archive}` });
  });
  return tests;
}

/** The source's version: without the number that a build of the same source gets (Debian policy 5.6.12, "+b1"). */
function pinnedVersion({ arch }: Cache): string {
  const lock = readLock(path.resolve(import.meta.dirname, `../../../image/lock/${arch}.json`));
  const podman = lock?.packages.find(({ name }) => name === "podman");
  if (podman === undefined) {
    throw new BuildError(`image/lock/${arch}.json has no podman`);
  }
  return podman.version.replace(/\+b\d+$/, "");
}

/** The image that the tests run their containers from, and the one that they pull: "20220615" and "00000004". */
export function testImageTags({ folder }: FetchedTests): { tag: string; toPull: string } {
  const helpers = readFileSync(path.join(folder, "test/system/helpers.bash"), "utf8");
  const [, tag] = /PODMAN_TEST_IMAGE_TAG:-"(\d+)"/.exec(helpers) ?? [];
  const [, toPull] = /PODMAN_NONLOCAL_IMAGE_TAG:-"(\d+)"/.exec(helpers) ?? [];
  if (tag === undefined || toPull === undefined) {
    throw new BuildError(`${folder}/test/system/helpers.bash doesn't name its test images`);
  }
  return { tag, toPull };
}
