import type { Podman } from "../rest/podman.ts";
import { errorOccurred } from "./methods.ts";

/** Nothing that is created takes longer, the pulling of its image included. */
const longestMs = 24 * 3_600_000;

/**
 * Runs a command of Podman's own as a client of the same socket, for what has options by the dozen: its parser reads
 * them, and nobody writes them again. Gives the last line that it prints. Throws a VarlinkError with what it complains of.
 */
export async function runPodman(podman: Podman, words: readonly string[]): Promise<string> {
  const { PATH = "", HOME = "/root", XDG_RUNTIME_DIR } = process.env;
  const { exitCode, stdout, stderr } = await podman.kernel.run(
    ["podman", "--remote", `--url=unix://${podman.socket}`, ...words],
    {
      timeoutMs: longestMs,
      env: { PATH, HOME, ...(XDG_RUNTIME_DIR === undefined ? {} : { XDG_RUNTIME_DIR }) },
    },
  );
  if (exitCode !== 0) {
    const said = stderr.trim().split("\n").at(-1) ?? "";
    throw errorOccurred(said.replace(/^Error: /, "") || `podman ended with ${exitCode}`);
  }
  return stdout.trim().split("\n").at(-1) ?? "";
}
