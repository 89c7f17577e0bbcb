import { existsSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { diskLevels } from "../../image/publish/artifacts.ts";
import { makeRelease } from "../../image/release/release.ts";
import type { Progress } from "../../image/report/progress.ts";

/**
 * A release of an image alone: unsigned, without programs, and little compressed, since nobody downloads it. Made once
 * for an image, which takes a minute.
 */
export async function quickRelease(image: string, out: string, progress: Progress): Promise<void> {
  const of = `${out}.of`;
  const sums = readFileSync(path.join(image, "SHA256SUMS"), "utf8");
  if (existsSync(out) && existsSync(of) && readFileSync(of, "utf8") === sums) {
    return;
  }
  await makeRelease({
    images: [image],
    out,
    programs: undefined,
    changelog: readFileSync(path.join(image, "../CHANGELOG.md"), "utf8"),
    key: undefined,
    strength: { zstd: diskLevels.fast, lzma2: "preset=0" },
    progress,
  });
  await writeFile(of, sums);
}
