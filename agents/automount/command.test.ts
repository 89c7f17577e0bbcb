import { describe, expect, test } from "vitest";
import { mebibyte } from "../units/bytes.ts";
import { automountCommand } from "./command.ts";
import { LabKernel } from "./lab/lab-kernel.testing.ts";
import { boot, machine, newMachine } from "./lab/machines.testing.ts";
import { Platter } from "./lab/platter.testing.ts";

async function call(kernel: LabKernel, ...words: string[]) {
  const lines: string[] = [];
  const say = (text: string) => lines.push(text);
  const status = await automountCommand.run(words, kernel, { out: say, err: say });
  return { status, text: lines.join("\n") };
}

const changing = /^(writeBlock|fsyncBlock|mount |unmount|mkdir|writeAtomic|rereadPartitions)/;

describe("the command automount", () => {
  test.each([["--dry-run"], ["status"], ["status", "--json"]])(
    "%s says what would be done and changes nothing",
    async (...words) => {
      const kernel = new LabKernel(newMachine());
      const { text } = await call(kernel, ...words);
      expect(text).toContain("make an ext4 filesystem labelled boot2podman-data on vda");
      expect(kernel.journal.filter((line) => changing.test(line))).toEqual([]);
    },
  );

  test("gives JSON that names the case of the decision table", async () => {
    const { text } = await call(new LabKernel(newMachine()), "--dry-run", "--json");
    expect(JSON.parse(text)).toMatchObject({ plan: { row: "magic-format" } });
  });

  test("says why a disk isn't used", async () => {
    const { text } = await call(new LabKernel(machine(new Platter(256 * mebibyte))), "status");
    expect(text).toContain("vda (268.4 MB): a strictly blank disk");
  });

  test("does as the boot does", async () => {
    const kernel = new LabKernel(newMachine());
    const { status, text } = await call(kernel);
    expect(status).toBe(0);
    expect(text).toContain("/dev/vda1 on /mnt/vda1");
  });

  test("leaves a disk that is mounted", async () => {
    const hardware = newMachine();
    const { kernel } = await boot(hardware);
    const before = kernel.mounts().length;
    const { text } = await call(kernel);
    expect(text).toContain("the data disk is in use already: vda1 is mounted at /mnt/vda1");
    expect(kernel.mounts().length).toBe(before);
  });

  test("is not at work twice at once", async () => {
    const kernel = new LabKernel(newMachine());
    kernel.tryLock("/run/boot2podman/automount.lock");
    await expect(call(kernel)).rejects.toThrow("another automount is running");
  });

  test.each([["format"], ["status", "now"], ["--force"]])("refuses %s", async (...words) => {
    await expect(call(new LabKernel(newMachine()), ...words)).rejects.toThrow(/expected|unknown/);
  });
});
