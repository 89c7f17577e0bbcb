import { createWriteStream, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { constants, createGzip } from "node:zlib";
import { runBuildStep } from "../cache/build-step.ts";
import type { Composition } from "../compose/tree.ts";
import { type ContentStore, storeContent } from "../files/content.ts";
import { type Entry, type FileEntry, rootFolder, rootLink, withParents } from "../files/entry.ts";
import type { Recipe } from "../recipe/recipe.ts";
import { BuildError } from "../report/build-error.ts";
import { runTool } from "../tool/run-tool.ts";
import { usrIdLine } from "../usr/usr-id.ts";
import { cpioBytes } from "./cpio.ts";

/** Where the output is kept, and the time of all files in it, in seconds since 1970. */
export interface InitrdOptions {
  cacheDir: string;
  timeSeconds: number;
}

/** Base two logarithm of the window's bytes: 2 MiB, about what the base initrd unpacks to. */
const windowLog = 21;

/** The base initrd: /init, busybox, and the modules that mount /usr. */
export async function makeBaseInitrd(
  entries: readonly Entry[],
  store: ContentStore,
  options: InitrdOptions,
): Promise<string> {
  const folder = await runBuildStep(
    {
      name: "base-initrd",
      cacheDir: options.cacheDir,
      inputs: { entries, timeSeconds: options.timeSeconds },
      code: ["initrds"],
    },
    async (output) => {
      // The name is the one that loaders and scripts know. The kernel takes any compression, and zstd's is a tenth
      // smaller than gzip's, and quicker to unpack. The window is its own memory at boot: that of level 22 is
      // 128 MiB, with which a machine of 256 MB doesn't start.
      const level = ["--ultra", "-22", `--zstd=wlog=${windowLog}`];
      await runTool("zstd", [...level, "-c", "-T1", "--no-check"], {
        purpose: "compress the base initrd",
        input: Readable.from(cpioBytes(entries, [], store, options.timeSeconds)),
        onOutput: (stdout) =>
          pipeline(stdout, padded, createWriteStream(join(output, "corepure64.gz"))),
      });
    },
  );
  return join(folder, "corepure64.gz");
}

/**
 * What the base initrd holds; `initPath` is the script that the kernel starts first, `usrId` the identity of the /usr that
 * it looks for.
 */
export function baseEntries(
  recipe: Recipe,
  composition: Composition,
  store: ContentStore,
  initPath: string,
  usrId: string,
): Entry[] {
  return withParents([
    textFile(store, "init", 0o755, readFileSync(initPath)),
    textFile(store, "initrd/usr-id", 0o644, Buffer.from(usrIdLine(usrId))),
    { ...composition.busybox, path: "initrd/busybox" },
    rootFolder("initrd/lasting"),
    ...numberedModules(composition, recipe.initrd.modules, "initrd/modules"),
    ...numberedModules(composition, recipe.initrd.disk_modules, "initrd/disk-modules"),
    ...["dev", "newroot", "proc", "sys", "usr"].map(rootFolder),
    // The kernel opens it for /init before anything is mounted.
    { path: "dev/console", type: "device", mode: 0o600, uid: 0, gid: 0, major: 5, minor: 1 },
    ...["bin", "sbin", "lib", "lib64"].map((name) => rootLink(name, `usr/${name}`)),
  ]);
}

function textFile(store: ContentStore, path: string, mode: number, bytes: Buffer): FileEntry {
  const sha256 = storeContent(store, bytes);
  return { path, type: "file", mode, uid: 0, gid: 0, sizeBytes: bytes.length, sha256 };
}

/** Loaded in the order of their names: each after those that it depends on. */
function numberedModules(
  composition: Composition,
  names: readonly string[],
  folder: string,
): Entry[] {
  const modules = names.flatMap((name) => initrdModule(composition, name));
  return modules.map((entry, index): Entry => {
    const file = entry.path.slice(entry.path.lastIndexOf("/") + 1);
    return { ...entry, path: `${folder}/${String(index).padStart(2, "0")}-${file}` };
  });
}

/** A module of the initrd; none when it is built into the kernel. */
function initrdModule(composition: Composition, name: string): FileEntry[] {
  const entry = composition.modules.byName.get(name);
  if (entry) {
    return [entry];
  }
  if (composition.modules.builtIn.has(name)) {
    return [];
  }
  throw new BuildError(`initrd.modules: ${name} is not among the modules of the image`);
}

/** The add-on initrd: the /usr image, stored as it is since it is compressed already. */
export async function makeAddOnInitrd(
  recipe: Recipe,
  usrImage: string,
  store: ContentStore,
  timeSeconds: number,
  target: string,
): Promise<void> {
  const wrapping = recipe.image.add_on_wrapping;
  const cpio = cpioBytes(
    [],
    [{ path: "usr.squashfs", mode: 0o644, sizeBytes: statSync(usrImage).size, source: usrImage }],
    store,
    timeSeconds,
  );
  const source = Readable.from(cpio);
  const file = createWriteStream(target);
  if (wrapping === "none") {
    await pipeline(source, file);
  } else {
    await pipeline(source, createGzip({ level: constants.Z_NO_COMPRESSION }), padded, file);
  }
}

/** Pads to 4 bytes: the kernel wants that of an initrd that another follows. */
async function* padded(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let sizeBytes = 0;
  for await (const chunk of source) {
    sizeBytes += chunk.length;
    yield chunk;
  }
  yield Buffer.alloc((4 - (sizeBytes % 4)) % 4);
}
