import { createWriteStream, existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { create } from "tar";
import { replaceFolder } from "../cache/replace-folder.ts";
import { sha256OfFile } from "../fetch/download.ts";
import type { Arch } from "../recipe/recipe.ts";
import { BuildError } from "../report/build-error.ts";
import { runTool } from "../tool/run-tool.ts";
import { manifestName, readManifest } from "./manifest.ts";

/** What a machine of podman-machine boots from, in the order in which it lies in the archive. */
export const machineFiles = [
  manifestName,
  "vmlinuz64",
  "corepure64.gz",
  "boot2podman-usr.img",
] as const;

/** The filter that lets calls in programs of an architecture look alike (xz(1), "Branch/Call/Jump"). */
const filters: Readonly<Record<Arch, string>> = { amd64: "--x86", arm64: "--arm64" };

/**
 * Of 253 MB. With a dictionary of 32 MiB the archive is 0.9 % larger, with 256 MiB 2.6 % smaller: whoever unpacks
 * needs the dictionary's size in memory.
 */
export const strongest = "preset=9e,dict=64MiB";

/** The name of the archive for an architecture. */
export function machineDownloadName(arch: Arch): string {
  return `boot2podman-machine-${arch}.tar.xz`;
}

/**
 * Makes the archive of a built image that "podman-machine create --image" takes, with its SHA-256 beside it, as the
 * only files of a folder: the same bytes for the same image and the same xz. Returns its path.
 * @throws BuildError for a folder whose files aren't those of its manifest.
 */
export async function makeMachineDownload(
  image: string,
  folder: string,
  lzma2: string = strongest,
): Promise<string> {
  const manifest = readManifest(image);
  await checkMembers(image, manifest.artifacts);
  const name = machineDownloadName(manifest.arch);
  await replaceFolder(folder, async (partial) => {
    const path = join(partial, name);
    // Owners, modes and times of this machine stay out of it (portable); names and sizes need no further headers.
    const archive = create(
      {
        cwd: image,
        portable: true,
        noPax: true,
        mtime: new Date(manifest.timeSeconds * 1000),
        onWriteEntry(entry) {
          if (entry.stat !== undefined) {
            entry.stat.mode = 0o100644;
          }
        },
      },
      [...machineFiles],
    );
    await runTool(
      "xz",
      ["-c", "-T1", "--check=crc64", filters[manifest.arch], `--lzma2=${lzma2}`],
      {
        purpose: `compress ${name}`,
        input: Readable.from(archive),
        onOutput: (stdout) => pipeline(stdout, createWriteStream(path)),
      },
    );
    writeFileSync(`${path}.sha256`, `${await sha256OfFile(path)}  ${name}\n`);
  });
  return join(folder, name);
}

async function checkMembers(
  image: string,
  artifacts: readonly { name: string; sha256: string }[],
): Promise<void> {
  for (const name of machineFiles.slice(1)) {
    const path = join(image, name);
    const said = artifacts.find((artifact) => artifact.name === name);
    if (said === undefined || !existsSync(path) || (await sha256OfFile(path)) !== said.sha256) {
      throw new BuildError(
        `${path} isn't what ${manifestName} beside it says: build the image again with "npm run build"`,
      );
    }
  }
}
