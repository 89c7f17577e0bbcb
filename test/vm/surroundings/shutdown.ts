import { expect, test } from "vitest";
import { runOk } from "../harness/run.ts";
import type { Surrounded } from "./surrounded.ts";

/** What is left on the disk. To be called last: it switches the machine off. */
export function shutdownTests(surrounded: Surrounded): void {
  test("shutdown -h leaves the disk clean, its swap file too", async () => {
    const { machine, disk } = surrounded;
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
