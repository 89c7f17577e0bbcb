import { rmSync } from "node:fs";
import { join } from "node:path";
import { compressDisk } from "../disk/disk.ts";
import { sha256OfFile } from "../fetch/download.ts";
import { toolEnvironment } from "../tool/environment.ts";
import { runTool } from "../tool/run-tool.ts";
import type { Descriptor, OciLayout } from "./oci-layout.ts";

/** What becomes a layer of an image. */
export interface LayerPlan {
  /** In which the names are. */
  folder: string;
  names: readonly string[];
  /** Further options of tar, for owners and modes. */
  words: readonly string[];
  /** Of all files, in seconds since 1970. */
  timeSeconds: number;
  /** A folder for what is unfinished. */
  work: string;
  /** Of zstd. */
  level: number;
}

/** Packs files as a layer: the same bytes for the same files. Returns it with the digest of what it unpacks to. */
export async function packLayer(
  layout: OciLayout,
  { folder, names, words, timeSeconds, work, level }: LayerPlan,
): Promise<{ layer: Descriptor; diffId: string }> {
  const [tar, packed] = [join(work, "layer.tar"), join(work, "layer.tar.zst")];
  await runTool(
    "tar",
    [
      ...["--format=ustar", "--sort=name", "--numeric-owner", `--mtime=@${timeSeconds}`],
      ...[...words, "-C", folder, "-cf", tar, ...names],
    ],
    { purpose: "make a layer of an image", env: toolEnvironment() },
  );
  const diffId = `sha256:${await sha256OfFile(tar)}`;
  await compressDisk(tar, packed, level, []);
  rmSync(tar);
  const type = "application/vnd.oci.image.layer.v1.tar+zstd";
  return { layer: await layout.file(packed, type, "move"), diffId };
}
