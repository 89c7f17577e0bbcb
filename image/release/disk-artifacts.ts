import { rmSync } from "node:fs";
import { mkdir, rename } from "node:fs/promises";
import { join } from "node:path";
import { compressDisk } from "../disk/disk.ts";
import type { Arch } from "../recipe/recipe.ts";
import { runTool } from "../tool/run-tool.ts";
import { packLayer } from "./layer.ts";
import type { Descriptor, OciLayout } from "./oci-layout.ts";

/** A disk image of one architecture in all the forms that it is published in. */
export interface DiskFiles {
  arch: Arch;
  /** Paths, named as they are downloaded. */
  qcow2: string;
  raw: string;
}

/** What `podman machine` calls the architectures, by uname. */
const machineNames: Readonly<Record<Arch, string>> = { amd64: "x86_64", arm64: "aarch64" };

/** The disk image as a raw one, compressed: what the providers of macOS take. Leaves the unpacked qcow2 in `work`. */
export async function makeRaw(qcow2: string, target: string, work: string, level: number) {
  const unpacked = join(work, "disk.qcow2");
  const raw = join(work, "disk.raw");
  const purpose = "unpack the disk image";
  await runTool("zstd", ["-dqf", qcow2, "-o", unpacked], { purpose });
  await runTool("qemu-img", ["convert", "-f", "qcow2", "-O", "raw", unpacked, raw], { purpose });
  await compressDisk(raw, target, level);
  rmSync(raw);
  return unpacked;
}

/** What `podman machine init --image docker://…` looks for: for each provider an artifact with its disk image. */
export async function machineArtifacts(
  layout: OciLayout,
  disks: readonly DiskFiles[],
): Promise<Descriptor[]> {
  const found: Descriptor[] = [];
  for (const { arch, qcow2, raw } of disks) {
    for (const [disktype, path] of [
      ["qemu", qcow2],
      ["applehv", raw],
    ] as const) {
      const layer = await layout.file(path, "application/octet-stream", "keep");
      const title = path.slice(path.lastIndexOf("/") + 1);
      const manifest = layout.manifest([
        { ...layer, annotations: { "org.opencontainers.image.title": title } },
      ]);
      const platform = { architecture: machineNames[arch], os: "linux" };
      found.push({ ...manifest, platform, annotations: { disktype } });
    }
  }
  return found;
}

/** User and group of QEMU in KubeVirt's pods, which reads the disk. */
const kubevirtOwner = "107";

/** A container disk as KubeVirt takes it: an image whose one file is the disk, below /disk. */
export async function containerDisk(
  layout: OciLayout,
  arch: Arch,
  unpackedQcow2: string,
  work: string,
  timeSeconds: number,
  level: number,
): Promise<Descriptor> {
  const disk = join(work, "disk");
  await mkdir(disk, { recursive: true });
  await rename(unpackedQcow2, join(disk, "boot2podman.qcow2"));
  const { layer, diffId } = await packLayer(layout, {
    folder: work,
    names: ["disk"],
    words: [`--owner=${kubevirtOwner}`, `--group=${kubevirtOwner}`, "--mode=a=rX"],
    timeSeconds,
    work,
    level,
  });
  rmSync(disk, { recursive: true });
  const config = layout.json(
    {
      architecture: arch,
      os: "linux",
      config: {},
      rootfs: { type: "layers", diff_ids: [diffId] },
    },
    "application/vnd.oci.image.config.v1+json",
  );
  return { ...layout.manifest([layer], config), platform: { architecture: arch, os: "linux" } };
}
