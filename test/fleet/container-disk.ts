import assert from "node:assert/strict";
import { copyFile, mkdir, readFile } from "node:fs/promises";
import path from "node:path";
import * as z from "zod";
import { sha256OfFile } from "../../image/fetch/download.ts";
import { diskImageName, diskLevels } from "../../image/publish/artifacts.ts";
import { containerDisk } from "../../image/release/disk-artifacts.ts";
import { OciLayout } from "../../image/release/oci-layout.ts";
import { manifest } from "../vm/harness/artifacts.ts";
import type { Identity } from "../vm/harness/data-disk.ts";
import { dist } from "../vm/harness/qemu.ts";
import { runOk } from "../vm/harness/run.ts";

const imageManifest = z.looseObject({
  layers: z.array(z.looseObject({ digest: z.string(), mediaType: z.string() })),
  config: z.looseObject({ digest: z.string() }),
});
const imageConfig = z.looseObject({ architecture: z.string(), os: z.string() });

/**
 * The container disk as a release has it and KubeVirt takes it: skopeo reads it by its tag and architecture, and its one
 * layer has the disk below /disk, readable by QEMU's user.
 */
export async function checkContainerDisk({ folder }: Identity, say: (text: string) => void) {
  const { version, arch, timeSeconds } = manifest();
  const tag = `${version}-kubevirt`;
  const layout = new OciLayout(path.join(folder, "oci"));
  const original = path.join(folder, "original.qcow2");
  await runOk(["zstd", "-dq", path.join(dist, diskImageName), "-o", original]);
  const given = path.join(folder, "given.qcow2");
  await copyFile(original, given);
  const work = path.join(folder, "work");
  await mkdir(work);
  layout.tag(tag, [await containerDisk(layout, arch, given, work, timeSeconds, diskLevels.fast)]);
  layout.finish();
  const copy = path.join(folder, "container-disk");
  const source = `oci:${layout.folder}:${tag}`;
  const words = ["skopeo", "--override-arch", arch, "--override-os", "linux"];
  await runOk([...words, "copy", "-q", source, `dir:${copy}`]);
  const read = async (name: string) => JSON.parse(await readFile(path.join(copy, name), "utf8"));
  const { layers, config } = imageManifest.parse(await read("manifest.json"));
  const blob = (digest: string) => digest.replace("sha256:", "");
  const { architecture, os } = imageConfig.parse(await read(blob(config.digest)));
  assert.deepEqual({ architecture, os }, { architecture: arch, os: "linux" });
  assert.equal(layers.length, 1);
  const layer = path.join(copy, blob(layers[0]?.digest ?? ""));
  const listed = await runOk(["tar", "--zstd", "--numeric-owner", "-tvf", layer]);
  const entries = listed
    .trim()
    .split("\n")
    .map((line) => line.split(/\s+/));
  assert.deepEqual(
    entries.map((words) => [words[0], words[1], words.at(-1)]),
    [
      ["dr-xr-xr-x", "107/107", "disk/"],
      ["-r--r--r--", "107/107", "disk/boot2podman.qcow2"],
    ],
  );
  const unpacked = path.join(folder, "unpacked");
  await mkdir(unpacked);
  await runOk(["tar", "--zstd", "-xf", layer, "-C", unpacked]);
  const disk = path.join(unpacked, "disk/boot2podman.qcow2");
  assert.equal(await sha256OfFile(disk), await sha256OfFile(original));
  await runOk(["qemu-img", "check", "-q", disk]);
  say(`container disk ${tag}: one layer with /disk/boot2podman.qcow2, which is the built disk`);
}
