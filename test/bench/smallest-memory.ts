import { readFile } from "node:fs/promises";
import { busyboxImage } from "../vm/harness/container-image.ts";
import type { MachineOptions } from "../vm/harness/test-machine.ts";
import { TestMachine } from "../vm/harness/test-machine.ts";

/** Whether a machine of this much memory boots and runs a container. */
async function runsContainer(memoryMiB: number, options: MachineOptions): Promise<boolean> {
  const machine = await TestMachine.create({ ...options, memoryMiB });
  try {
    await machine.powerOn();
    await machine.waitForSsh(90_000);
    const command = `podman run --rm ${busyboxImage} echo done`;
    const result = await machine.ssh(command, { user: "root", timeoutMs: 120_000 });
    if (result.stdout === "done\n") {
      return true;
    }
    const why = `podman run ended with ${result.exitCode}: ${result.stderr.trim()}`;
    console.log(`bench: ${memoryMiB} MiB: ${why}; the console: ${await lastWords(machine)}`);
    return false;
  } catch (error) {
    // Too little memory shows as a machine that never greets, ends, or lets a command hang.
    const [reason] = String(error).split("\n");
    console.log(`bench: ${memoryMiB} MiB: ${reason}; the console: ${await lastWords(machine)}`);
    return false;
  } finally {
    await machine.remove();
  }
}

/** What the kernel said when it ran out, else the last line there is. */
async function lastWords(machine: TestMachine): Promise<string> {
  const text = await readFile(machine.console, "utf8").catch(() => "");
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  const telling = /out of memory|panic|unpacking failed|oom-kill|Killed process/i;
  return (lines.find((line) => telling.test(line)) ?? lines.at(-1) ?? "nothing").trim();
}

/** Goes down from `fromMiB` in steps of 16 MiB; gives the last size that ran a container, Infinity when none did. */
export async function smallestMemory(fromMiB: number, options: MachineOptions): Promise<number> {
  let smallest = Number.POSITIVE_INFINITY;
  for (let memoryMiB = fromMiB; memoryMiB > 0; memoryMiB -= 16) {
    if (!(await runsContainer(memoryMiB, options))) {
      break;
    }
    smallest = memoryMiB;
  }
  return smallest;
}
