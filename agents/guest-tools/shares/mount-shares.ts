import { oneLine } from "../../command/one-line.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { hasCode, KernelError } from "../../kernel/kernel-error.ts";
import { depthOf, type ShareMount } from "./plan-shares.ts";

/** A host that doesn't answer within it is given up; nothing waits for shares meanwhile. */
const mountTimeoutMs = 15_000;
const ofRoot = { mode: 0o755, owner: { uid: 0, gid: 0 } };

/**
 * Mounts all, those of one depth at the same time: the folders of inner ones lie on outer ones. Gives a line for each
 * that failed; what was made for it is removed.
 */
export async function mountShares(
  kernel: Kernel,
  mounts: readonly ShareMount[],
  done: string[],
): Promise<string[]> {
  const warnings: string[] = [];
  const depths = new Set(mounts.map(({ path }) => depthOf(path)));
  for (const depth of depths) {
    const level = mounts.filter(({ path }) => depthOf(path) === depth);
    const results = await Promise.all(level.map((share) => mountShare(kernel, share)));
    for (const [index, { argv }] of level.entries()) {
      const warning = results[index];
      if (warning === undefined) {
        done.push(argv.join(" "));
      } else {
        warnings.push(warning);
      }
    }
  }
  return warnings;
}

async function mountShare(kernel: Kernel, share: ShareMount): Promise<string | undefined> {
  const fresh = missingFolders(kernel, share.path);
  const what = `${share.kind} share ${JSON.stringify(share.name)} on ${share.path}`;
  try {
    // Component by component: a link on the way could lead over a folder of the system's.
    kernel.mkdirBeneath("/", share.path.slice(1), ofRoot);
    const ended = await kernel.run(share.argv, { timeoutMs: mountTimeoutMs });
    if (ended.exitCode === 0) {
      return undefined;
    }
    removeFolders(kernel, fresh);
    return `${what} can't be mounted: ${oneLine(ended.stderr) || `status ${ended.exitCode}`}`;
  } catch (error) {
    if (!(error instanceof KernelError)) {
      throw error;
    }
    removeFolders(kernel, fresh);
    return `${what} can't be mounted: ${oneLine(error)}`;
  }
}

/** Folders of the path that aren't there yet, the innermost first. */
function missingFolders(kernel: Kernel, path: string): string[] {
  const names = path.slice(1).split("/");
  return names
    .map((_, index) => `/${names.slice(0, index + 1).join("/")}`)
    .filter((folder) => kernel.lstat(folder) === undefined)
    .toReversed();
}

function removeFolders(kernel: Kernel, folders: readonly string[]): void {
  for (const folder of folders) {
    try {
      kernel.rmdir(folder);
    } catch (error) {
      // Never made, or somebody uses it by now.
      if (hasCode(error, "ENOENT", "ENOTEMPTY", "EBUSY", "ENOTDIR")) {
        return;
      }
      throw error;
    }
  }
}
