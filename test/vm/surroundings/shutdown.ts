import { expect } from "vitest";
import { runOk } from "../harness/run.ts";
import { test } from "./surrounded.ts";

/** What is left on the disk. To be called last: it switches the machine off. */
export function shutdownTests(): void {
  test("shutdown -h leaves the disk clean, its swap file too", async ({
    surrounded: { machine, disk },
  }) => {
    const off = machine.ended();
    await machine.ssh("sudo shutdown -h now");
    await off;
    const state = await runOk(["dumpe2fs", "-h", `${disk.file}?offset=${2 ** 20}`]);
    expect(state).toMatch(/^Filesystem state: +clean$/m);
    expect(state).not.toMatch(/needs_recovery/);
    // Each mount would read such a file block by block.
    expect(state).not.toMatch(/orphan_file/);
  });
}
