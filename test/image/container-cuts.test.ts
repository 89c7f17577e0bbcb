import path from "node:path";
import { describe, expect, it } from "vitest";
import { bunPath } from "../../image/fetch/runtime.ts";
import { isLoopThere } from "../powercut/containers/logged-loop.ts";
import { run } from "../vm/harness/run.ts";

const repository = path.join(import.meta.dirname, "../..");

/** What the lab says; on Bun, since the agents' own check of the stores is part of it. */
async function lab(name: string): Promise<{ exitCode: number; said: string }> {
  const argv = [bunPath(repository), "test/powercut/powercut.ts", name];
  const { exitCode, stdout, stderr } = await run(argv, { cwd: repository });
  return { exitCode, said: `${stdout}${stderr}` };
}

// It mounts disk images.
describe.runIf(process.getuid?.() === 0 && isLoopThere)(
  "the image's Podman on a data disk, on this host's kernel, when the plug is pulled",
  () => {
    it("lists nothing that doesn't work, at some points of a few operations", async () => {
      const { exitCode, said } = await lab("containers-here");
      expect(exitCode, said).toBe(0);
      expect(Number(/(\d+) cut points passed, 0 failed/.exec(said)?.[1])).toBeGreaterThan(10);
    });

    it("would be found to list what doesn't work, mounted as ext4 is by default and not flushed", async () => {
      const { exitCode, said } = await lab("containers-here-broken");
      expect(exitCode, said).toBe(0);
      expect(said).toMatch(/found out at cut point \d+: .*containers-here/);
    });
  },
);
