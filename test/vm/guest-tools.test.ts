import { readFile } from "node:fs/promises";
import { describe, expect } from "vitest";
import { agentTests } from "./guest-tools/agent.ts";
import { deviceTests } from "./guest-tools/devices.ts";
import { test } from "./guest-tools/given.ts";
import { lateDiskTests } from "./guest-tools/late-disks.ts";
import { memoryTests } from "./guest-tools/memory.ts";
import { shareTests } from "./guest-tools/shares.ts";
import { runOk } from "./harness/run.ts";

describe("on QEMU, with everything that a host can give a machine", () => {
  lateDiskTests();
  deviceTests();
  shareTests();
  agentTests();
  memoryTests();

  test("switches itself off when the host asks the agent, though the server of a share is gone", async ({
    given: { machine, agent, virtiofs, disk },
  }) => {
    virtiofs.process.kill("SIGKILL");
    // Nothing can end a program that waits for it.
    await machine.root("cat /Users/file >/dev/null 2>&1 </dev/null &");
    agent.tell("guest-shutdown", { mode: "powerdown" });
    await machine.ended();
    const said = await readFile(machine.console, "utf8");
    expect(said).toMatch(/the share on \/Users doesn't answer/);
    expect(said).toMatch(/poweroff, without waiting/);
    const state = await runOk(["dumpe2fs", "-h", `${disk.file}?offset=${2 ** 20}`]);
    expect(state).not.toMatch(/needs_recovery/);
  });
});
