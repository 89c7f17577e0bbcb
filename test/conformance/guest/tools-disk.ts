import { existsSync, mkdirSync } from "node:fs";
import path from "node:path";
import { hashOf } from "../../../image/cache/build-step.ts";
import { replaceFolder } from "../../../image/cache/replace-folder.ts";
import { runTool } from "../../../image/tool/run-tool.ts";
import type { Cache } from "../source/fetched-tests.ts";

/** Changes when the disk is laid out otherwise. */
const layout = 1;

/**
 * A disk's file for a guest to read, with these folders of the cache, each below a name that prepare.sh knows: made
 * unless it is in the cache.
 */
export async function toolsDisk(
  content: Record<"tools" | "tests/test" | "images" | "systemd", string>,
  cache: Cache,
): Promise<string> {
  // What is in the folders is in their names.
  const key = hashOf([Object.values(content), layout]).slice(0, 16);
  const folder = path.join(cache.folder, "conformance", `guest-disk-${key}`);
  const name = "tools.squashfs";
  if (!existsSync(folder)) {
    cache.progress.line("making the guest's disk of tools");
    await replaceFolder(folder, async (made) => {
      const staged = path.join(made, "staged");
      for (const [target, from] of Object.entries(content)) {
        const to = path.join(staged, target);
        mkdirSync(path.dirname(to), { recursive: true });
        await runTool("cp", ["-al", from, to], { purpose: `lay out ${target}` });
      }
      // Read through an emulated processor: as it is, rather than compressed.
      const plain = ["-noI", "-noD", "-noF", "-noX", "-quiet", "-no-progress"];
      await runTool("mksquashfs", [staged, path.join(made, name), ...plain], {
        purpose: "make the guest's disk of tools",
      });
      await runTool("rm", ["-r", staged], { purpose: `remove ${staged}` });
    });
  }
  return path.join(folder, name);
}
