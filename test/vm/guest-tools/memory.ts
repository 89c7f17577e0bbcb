import { readFile } from "node:fs/promises";
import { expect } from "vitest";
import { eventually } from "../harness/eventually.ts";
import type { TestMachine } from "../harness/test-machine.ts";
import { test } from "./given.ts";

/** Memory of the host's that QEMU holds, in MB. */
async function residentMb(machine: TestMachine): Promise<number> {
  const status = await readFile(`/proc/${machine.process?.pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1000;
}

/** Memory that goes back to the host. */
export function memoryTests(): void {
  test("gives memory that it doesn't need back to the host", async ({ given: { machine } }) => {
    await machine.root("dd if=/dev/zero of=/tmp/much bs=1M count=300 2>/dev/null; sync");
    const full = await residentMb(machine);
    await machine.root("rm /tmp/much; echo 3 > /proc/sys/vm/drop_caches");
    const after = await eventually(
      () => residentMb(machine),
      (mb) => mb < full - 250,
    );
    console.log(`QEMU's memory: ${full.toFixed()} MB, then ${after.toFixed()} MB`);
  });

  test("gives the host what its balloon asks for, and gets it back", async ({
    given: { machine },
  }) => {
    const monitor = await machine.monitor();
    const freeMb = async () =>
      Number(await machine.root("awk '/MemFree/{print int($2/1000)}' /proc/meminfo"));
    const before = await freeMb();
    await monitor.execute("balloon", { value: 768 * 2 ** 20 });
    const granted = async () => JSON.stringify(await monitor.execute("query-balloon"));
    await eventually(granted, (said) => said === JSON.stringify({ actual: 768 * 2 ** 20 }));
    const held = await freeMb();
    expect(held).toBeLessThan(before - 150);
    await monitor.execute("balloon", { value: 1024 * 2 ** 20 });
    await eventually(granted, (said) => said === JSON.stringify({ actual: 1024 * 2 ** 20 }));
    // Some of it is used at once, for what was put out of memory meanwhile.
    expect(await freeMb()).toBeGreaterThan(held + 100);
    monitor.close();
  });
}
