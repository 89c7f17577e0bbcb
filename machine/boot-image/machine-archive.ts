import { mkdir, readdir, readFile, rename, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { isDiskFull, systemErrorCode } from "../../system-error.ts";
import { MachineError } from "../error/machine-error.ts";
import { withLock } from "../store/lock.ts";
import { syncFolder } from "../store/write-file.ts";
import { cachedArchive, cachedHashes, imageCache, writeDescription } from "./cached-image.ts";
import { downloadFailure, downloadTo } from "./download.ts";
import { hashOf } from "./hash.ts";
import { type ImageFile, readImage } from "./image.ts";
import { areCachedFilesWhole, cachedNames, markUsed } from "./kernel-files.ts";
import { archiveInRelease, isReleaseFolder, saidSum } from "./published.ts";
import { type OnProgress, unpackArchive } from "./unpack-archive.ts";

/** Several times the size of an archive of ours. */
const archiveMaxBytes = 512 * 1024 ** 2;
/** Another command may download over a slow line. */
const waitTimeoutMs = 1_800_000;

/** Where is told how the work goes: whole lines, and how far it is. */
export interface ArchiveReport {
  line(text: string): void;
  warn(text: string): void;
  progress(text: string): void;
}

/** Whether --image names an archive of a machine, or a release with one, and not the folder of an image. */
export function namesArchive(image: string): boolean {
  const isFile = /^(https?|file):/i.test(image) || /\.(tar\.xz|txz)$/.test(image);
  return isFile || isReleaseFolder(image);
}

/** What --image names, so that it means the same from any folder. */
export function imageArgument(image: string): string {
  if (/^https?:/i.test(image)) {
    return image;
  }
  return /^file:/i.test(image) ? fileURLToPath(image) : resolve(image);
}

/**
 * The id of the image in an archive of a machine, which a path or an http(s): URL names, itself or its release's
 * folder. It is fetched and unpacked
 * once into the store's cache: in a folder beside it, which takes its place there when all of it is whole and is
 * what its manifest says. A SHA-256 that is published beside the archive is checked. Throws in one line otherwise,
 * with nothing left behind.
 */
export async function importArchive(
  store: string,
  archive: string,
  report: ArchiveReport,
): Promise<string> {
  const lock = {
    store,
    name: ".archives",
    command: `unpacking ${archive}`,
    timeoutMs: waitTimeoutMs,
    onWait: (holder: string) => report.line(`Waiting for ${holder}...`),
  };
  return withLock(lock, async () => {
    const work = join(store, "cache", "unpacking");
    // What a command that was killed left.
    await rm(work, { recursive: true, force: true });
    try {
      await mkdir(work, { recursive: true, mode: 0o700 });
      return await bring(store, archive, work, report);
    } catch (error) {
      if (isDiskFull(error)) {
        throw new MachineError(
          `No space on the host's disk to unpack ${archive} in ${work}: free 350 MB, or name another --storage-path.`,
          { cause: error },
        );
      }
      throw new MachineError(`The image ${archive} can't be used: ${downloadFailure(error)}.`, {
        cause: error,
      });
    } finally {
      await rm(work, { recursive: true, force: true });
    }
  });
}

async function bring(
  store: string,
  image: string,
  work: string,
  report: ArchiveReport,
): Promise<string> {
  const archive = isReleaseFolder(image) ? await archiveInRelease(image) : image;
  const said = await saidSum(archive, store);
  const known = said === undefined ? undefined : await unpackedBefore(store, said);
  if (known !== undefined) {
    return known;
  }
  const path = await fetched(archive, work, said !== undefined, report);
  const sha256 = await hashOf(path);
  if (sha256 === undefined) {
    throw new Error("there is no such file");
  }
  if (said !== undefined && sha256 !== said) {
    throw new Error(`its SHA-256 is ${sha256}, but the one published with it is ${said}`);
  }
  const before = await unpackedBefore(store, sha256);
  if (before !== undefined) {
    return before;
  }
  report.line(`Unpacking ${archive}...`);
  const unpacked = join(work, "image");
  await mkdir(unpacked, { mode: 0o700 });
  const progress = percentages("Unpacking", report);
  const hashes = await unpackArchive(path, unpacked, progress);
  const id = await describe(unpacked, hashes, sha256);
  await putInPlace(store, unpacked, id);
  return id;
}

/** An image in the cache that came from an archive with this hash, if it is as it was. */
async function unpackedBefore(store: string, sha256: string): Promise<string | undefined> {
  const cache = imageCache(store);
  for (const id of await idsIn(cache)) {
    const isSame = (await cachedArchive(store, id)) === sha256;
    if (isSame && (await areCachedFilesWhole(join(cache, id), await cachedHashes(store, id)))) {
      await markUsed(join(cache, id));
      return id;
    }
  }
  return undefined;
}

async function idsIn(cache: string): Promise<string[]> {
  try {
    return await readdir(cache);
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") {
      return [];
    }
    throw error;
  }
}

/** The archive as a file of this host. */
async function fetched(
  archive: string,
  work: string,
  isChecked: boolean,
  report: ArchiveReport,
): Promise<string> {
  if (!/^https?:/i.test(archive)) {
    return archive;
  }
  report.line(`Downloading ${archive}...`);
  const path = join(work, "archive.tar.xz");
  const { isEncrypted } = await downloadTo(archive, path, {
    maxBytes: archiveMaxBytes,
    nothingHas: "no image of a machine has",
    onProgress: percentages("Downloading", report),
  });
  if (!isEncrypted) {
    report.warn(
      `${archive} came by http: not encrypted, so it may have been changed on the way${isChecked ? ", with the SHA-256 beside it" : ""}: use an https: address, or check the file yourself.`,
    );
  }
  return path;
}

/** Tells each percent once. */
function percentages(verb: string, report: Pick<ArchiveReport, "progress">): OnProgress {
  let told = -1;
  return (doneBytes, totalBytes) => {
    const percent = totalBytes > 0 ? Math.floor((doneBytes / totalBytes) * 100) : 0;
    if (percent !== told) {
      told = percent;
      report.progress(`${verb}: ${percent} % of ${(totalBytes / 1e6).toFixed(1)} MB`);
    }
  };
}

/** Checks what was unpacked by its manifest, and makes an image of the cache of it. */
async function describe(
  folder: string,
  found: ReadonlyMap<string, string>,
  archive: string,
): Promise<string> {
  const text = await readFile(join(folder, "manifest.json"), "utf8");
  const image = readImage(folder, text);
  const [initrd] = image.initrds;
  const { kernel, usrDisk } = image;
  if (initrd === undefined || usrDisk === undefined) {
    throw new MachineError("its manifest.json names no disk with /usr");
  }
  const put = async ({ path, sha256 }: ImageFile, name: string): Promise<string> => {
    const own = path.slice(folder.length + 1);
    if (found.get(own) !== sha256) {
      throw new MachineError(`its ${own} is damaged: the hash isn't the one in its manifest.json`);
    }
    await rename(path, join(folder, name));
    return sha256;
  };
  const hashes = {
    kernel: await put(kernel, cachedNames.kernel),
    initrd: await put(initrd, cachedNames.initrd),
    usrDisk: await put(usrDisk, cachedNames.usrDisk),
  };
  await rm(join(folder, "manifest.json"));
  await writeDescription(folder, image, hashes, archive);
  return image.id;
}

/** One of the same id, which a folder of a build brought, or which has changed since, gives way. */
async function putInPlace(store: string, unpacked: string, id: string): Promise<void> {
  const cache = imageCache(store);
  const lock = { store, name: ".images", command: "unpacking", timeoutMs: waitTimeoutMs };
  await withLock(lock, async () => {
    await mkdir(cache, { recursive: true, mode: 0o700 });
    await rm(join(cache, id), { recursive: true, force: true });
    await syncFolder(unpacked);
    await rename(unpacked, join(cache, id));
    await syncFolder(cache);
  });
}
