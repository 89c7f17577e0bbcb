import { join } from "node:path";
import type { Entry } from "../compose/entry.ts";
import type { ContentStore } from "../extract/content.ts";
import { megabytes, type Progress } from "../stage/progress.ts";
import { runStage } from "../stage/stage.ts";
import { runTool } from "../stage/tool.ts";
import { tarStream } from "./tar.ts";

export interface UsrImageOptions {
  cacheDir: string;
  level: number;
  blockBytes: number;
  timeSeconds: number;
  progress: Progress;
}

/** The tree below usr → one squashfs image, whose root is /usr. */
export async function makeUsrImage(
  usr: readonly Entry[],
  store: ContentStore,
  options: UsrImageOptions,
): Promise<string> {
  const { cacheDir, level, blockBytes, timeSeconds, progress } = options;
  const entries = usr
    .filter(({ path }) => path.startsWith("usr/"))
    .map((entry) => ({ ...entry, path: entry.path.slice("usr/".length) }));
  const folder = await runStage(
    {
      name: "usr",
      cacheDir,
      inputs: { entries, level, blockBytes, timeSeconds },
      code: ["usr"],
    },
    async (output) => {
      const totalBytes = entries.reduce(
        (sum, entry) => sum + (entry.type === "file" ? entry.sizeBytes : 0),
        0,
      );
      progress.line(`compressing /usr: ${megabytes(totalBytes)} with zstd level ${level}`);
      let doneBytes = 0;
      const tar = tarStream(entries, store, timeSeconds, (sizeBytes) => {
        doneBytes += sizeBytes;
        progress.live(`compressing /usr: ${megabytes(doneBytes)} of ${megabytes(totalBytes)}`);
      });
      await runTool("mksquashfs", mksquashfsArguments(join(output, "usr.squashfs"), options), {
        purpose: "compress /usr",
        input: tar,
      });
    },
  );
  return join(folder, "usr.squashfs");
}

function mksquashfsArguments(image: string, options: UsrImageOptions): string[] {
  return [
    // From a tar on standard input; sqfstar 4.5 can't read its own -Xcompression-level.
    "-",
    image,
    "-tar",
    "-comp",
    "zstd",
    "-Xcompression-level",
    String(options.level),
    "-b",
    String(options.blockBytes),
    "-no-xattrs",
    "-mkfs-time",
    String(options.timeSeconds),
    "-all-time",
    String(options.timeSeconds),
    "-root-mode",
    "755",
    "-root-uid",
    "0",
    "-root-gid",
    "0",
    "-root-time",
    String(options.timeSeconds),
    "-no-progress",
    "-quiet",
  ];
}
