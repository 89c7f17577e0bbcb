import {
  constants,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { replaceFolder } from "../cache/replace-folder.ts";
import { sha256OfFile } from "../fetch/download.ts";
import { diskImageName } from "../publish/artifacts.ts";
import { listChecksums, writeChecksums } from "../publish/checksums.ts";
import { makeMachineDownload } from "../publish/machine-download.ts";
import { type Manifest, manifestName, readManifest } from "../publish/manifest.ts";
import { sbomName } from "../publish/sbom.ts";
import { BuildError } from "../report/build-error.ts";
import type { Progress } from "../report/progress.ts";
import { toolEnvironment } from "../tool/environment.ts";
import { runTool } from "../tool/run-tool.ts";
import { containerDisk, type DiskFiles, machineArtifacts, makeRaw } from "./disk-artifacts.ts";
import { releaseNotes } from "./notes.ts";
import { type Descriptor, OciLayout } from "./oci-layout.ts";

/** What a signature of ours is about, so that one of something else is none (ssh-keygen(1), -n). */
export const signatureNamespace = "boot2podman";
/** Of a mirror's list, as machines check it that have the mirror's key. */
const mirrorNamespace = "file";

/** Which images become a release, and how. */
export interface ReleaseOptions {
  /** Folders of built images: one for each architecture, all of one version. */
  images: readonly string[];
  /** Folders of extensions, which become a mirror: one for each architecture. */
  extensions?: readonly string[];
  out: string;
  /** Adds podman-machine as a program to a folder; undefined: without. */
  programs?: ((folder: string, version: string) => Promise<void>) | undefined;
  /** Adds further container images to the layout; undefined: none. */
  containers?: ((layout: OciLayout, work: string) => Promise<void>) | undefined;
  /** The text of CHANGELOG.md. */
  changelog: string;
  /** A private SSH key, or a public one whose private key an agent has. */
  key: string | undefined;
  /** How strongly things are compressed: of zstd, and of xz. */
  strength: { zstd: number; lzma2: string };
  progress: Progress;
}

/** Files of an image that are published as they are. */
const plain: Readonly<Record<string, string>> = {
  "boot2podman.iso": "iso",
  [diskImageName]: "qcow2.zst",
  vmlinuz64: "vmlinuz64",
  "corepure64.gz": "corepure64.gz",
  "boot2podman.gz": "boot2podman.gz",
  [manifestName]: "manifest.json",
  [sbomName]: "sbom.spdx.json",
};

/**
 * Makes a folder with everything that people download, named by version and architecture, with the checksums, their
 * signature and the notes.
 * @throws BuildError when an image isn't what its manifest says, or the images don't go together.
 */
export async function makeRelease(options: ReleaseOptions): Promise<void> {
  const manifests = options.images.map(readManifest);
  const version = versionOf(manifests);
  await replaceFolder(options.out, async (folder) => {
    const work = join(folder, "work");
    mkdirSync(work);
    const layout = new OciLayout(join(folder, "oci"));
    const disks: DiskFiles[] = [];
    const containerDisks: Descriptor[] = [];
    for (const [index, image] of options.images.entries()) {
      const manifest = manifests[index];
      if (manifest === undefined) {
        continue;
      }
      const { arch, timeSeconds } = manifest;
      const named = (end: string) => join(folder, `boot2podman-${version}-${arch}.${end}`);
      await checkImage(image, manifest);
      for (const [name, end] of Object.entries(plain)) {
        copyFileSync(join(image, name), named(end), constants.COPYFILE_FICLONE);
      }
      options.progress.line(`compressing what a machine of ${arch} boots from`);
      const archive = join(work, "archive");
      const made = await makeMachineDownload(image, archive, options.strength.lzma2);
      renameSync(made, named("machine.tar.xz"));
      options.progress.line(`making the raw disk and the container disk of ${arch}`);
      const disk = { arch, qcow2: named("qcow2.zst"), raw: named("raw.zst") };
      const { zstd } = options.strength;
      const qcow2 = await makeRaw(disk.qcow2, disk.raw, work, zstd);
      disks.push(disk);
      containerDisks.push(await containerDisk(layout, arch, qcow2, work, timeSeconds, zstd));
    }
    layout.tag(version, await machineArtifacts(layout, disks));
    layout.tag(`${version}-kubevirt`, containerDisks);
    await options.containers?.(layout, work);
    layout.finish();
    await options.programs?.(folder, version);
    rmSync(work, { recursive: true });
    if (options.extensions !== undefined && options.extensions.length > 0) {
      await makeMirror(options.extensions, join(folder, "extensions"), options.key);
    }
    writeFileSync(join(folder, "RELEASE-NOTES.md"), releaseNotes(options.changelog, version));
    await listChecksums(folder);
    if (options.key !== undefined) {
      await sign(join(folder, "SHA256SUMS"), options.key, signatureNamespace);
    }
  });
}

function versionOf(manifests: readonly Manifest[]): string {
  const [first] = manifests;
  const fast = manifests.find(({ isFast }) => isFast);
  if (fast !== undefined) {
    throw new BuildError(`the image of ${fast.arch} was built with --fast: build it whole`);
  }
  const versions = [...new Set(manifests.map(({ version }) => version))];
  const arches = new Set(manifests.map(({ arch }) => arch));
  if (first === undefined || versions.length > 1 || arches.size < manifests.length) {
    const found = manifests.map(({ version, arch }) => `${version} for ${arch}`).join(", ");
    throw new BuildError(
      `these images are no release: ${found}; name one folder for each architecture, all of one version`,
    );
  }
  return first.version;
}

async function checkImage(image: string, { artifacts }: Manifest): Promise<void> {
  for (const name of Object.keys(plain)) {
    const path = join(image, name);
    const said = artifacts.find((artifact) => artifact.name === name);
    // The manifest and the bill of materials are about the others.
    const isSaid = said !== undefined || name === manifestName || name === sbomName;
    const isThere = isSaid && existsSync(path);
    if (!isThere || (said !== undefined && (await sha256OfFile(path)) !== said.sha256)) {
      throw new BuildError(
        `${path} isn't what ${manifestName} beside it says: build the image again with "npm run build"`,
      );
    }
  }
}

/**
 * Copies extensions into a folder that is a mirror: with the sums of all, and their signature.
 * @throws BuildError for a folder without extensions, and for one that isn't as its sum says.
 */
async function makeMirror(
  folders: readonly string[],
  mirror: string,
  key: string | undefined,
): Promise<void> {
  mkdirSync(mirror);
  for (const folder of folders) {
    const names = existsSync(folder) ? readdirSync(folder) : [];
    const images = names.filter((name) => name.endsWith(".raw"));
    if (images.length === 0) {
      throw new BuildError(
        `${folder} has no extensions: build them with "npm run extension -- --all"`,
      );
    }
    for (const image of images) {
      await checkExtension(join(folder, image));
      for (const name of names.filter((one) => one === image || one.startsWith(`${image}.`))) {
        copyFileSync(join(folder, name), join(mirror, name), constants.COPYFILE_FICLONE);
      }
    }
  }
  await writeChecksums(mirror);
  if (key !== undefined) {
    await sign(join(mirror, "SHA256SUMS"), key, mirrorNamespace);
  }
}

async function checkExtension(path: string): Promise<void> {
  const said = existsSync(`${path}.sha256`) ? readFileSync(`${path}.sha256`, "utf8") : "";
  if (!said.startsWith(`${await sha256OfFile(path)} `)) {
    throw new BuildError(`${path} isn't what ${path}.sha256 says: build the extension again`);
  }
}

/** Writes SHA256SUMS.sig, as `ssh-keygen -Y verify` checks it. */
async function sign(sums: string, key: string, namespace: string): Promise<void> {
  const agent = process.env.SSH_AUTH_SOCK;
  await runTool("ssh-keygen", ["-q", "-Y", "sign", "-f", key, "-n", namespace, sums], {
    purpose: `sign ${sums}`,
    env: { ...toolEnvironment(), ...(agent === undefined ? {} : { SSH_AUTH_SOCK: agent }) },
  });
  if (!existsSync(`${sums}.sig`) || readFileSync(`${sums}.sig`).length === 0) {
    throw new BuildError(`ssh-keygen wrote no ${sums}.sig`);
  }
}
