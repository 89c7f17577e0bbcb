import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runBuildStep } from "../cache/build-step.ts";
import type { ExtractedPackage } from "../extract/extract.ts";
import { type ContentStore, contentPath, readContent, storeContent } from "../files/content.ts";
import type { Entry } from "../files/entry.ts";
import type { Recipe } from "../recipe/recipe.ts";
import { toolOutput } from "../tool/tool-output.ts";
import { packageFile } from "./packages.ts";

const mebibyte = 2 ** 20;
const strongest = ["--ultra", "-22"];
/** Of a fast build. */
const fastLevel = ["-3"];

/**
 * Programs of packages that are seldom needed and resemble others: each as a zstd frame (PATH.zst) whose dictionary is
 * made of parts of those (zstd --patch-from). PATH.from lists them, a line each with the path in the guest, the offset
 * and the length. /usr's own compression sees a block at a time, and nothing of other files.
 */
export async function composeDeltas(
  { deltas }: Pick<Recipe, "deltas">,
  packages: readonly ExtractedPackage[],
  cacheDir: string,
  store: ContentStore,
  isFast: boolean,
): Promise<Entry[]> {
  const level = isFast ? fastLevel : strongest;
  const entries: Entry[] = [];
  for (const [path, { package: name, file, against }] of Object.entries(deltas)) {
    const whole = packageFile(packages, name, file);
    const parts = against.map((part) => {
      const other = packageFile(packages, name, part.file);
      const start = Math.min(part.start_mib * mebibyte, other.sizeBytes);
      const sizeBytes = Math.min(part.mib * mebibyte, other.sizeBytes - start);
      return { path: part.file, sha256: other.sha256, start, sizeBytes };
    });
    const folder = await runBuildStep(
      {
        name: "delta",
        cacheDir,
        inputs: { whole: whole.sha256, parts, level },
        code: ["compose/deltas.ts"],
      },
      async (output) => {
        const dictionary = join(output, "dictionary");
        const read = parts.map(({ sha256, start, sizeBytes }) =>
          readContent(store, sha256).subarray(start, start + sizeBytes),
        );
        writeFileSync(dictionary, Buffer.concat(read));
        const bytes = await toolOutput(
          "zstd",
          [
            "-cq",
            ...level,
            "--single-thread",
            "--long=27",
            "--check",
            `--patch-from=${dictionary}`,
            contentPath(store, whole.sha256),
          ],
          { purpose: `make ${path}.zst`, input: "" },
        );
        writeFileSync(join(output, "delta"), bytes);
        writeFileSync(dictionary, "");
      },
    );
    const lines = parts.map((part) => `/${part.path} ${part.start} ${part.sizeBytes}\n`);
    for (const [suffix, bytes] of [
      ["zst", readFileSync(join(folder, "delta"))],
      ["from", Buffer.from(lines.join(""))],
    ] as const) {
      entries.push({
        path: `${path}.${suffix}`,
        type: "file",
        mode: 0o644,
        uid: 0,
        gid: 0,
        sizeBytes: bytes.length,
        sha256: storeContent(store, bytes),
      });
    }
  }
  return entries;
}
