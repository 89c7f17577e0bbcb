import { describe, expect, test } from "vitest";
import { writeRecord } from "../record/stages/recorder.ts";
import type { StageRecord } from "../record/stages/stage-record.ts";
import { mebibyte } from "../units/bytes.ts";
import { automountCommand } from "./command.ts";
import { type Hardware, LabKernel } from "./lab/lab-kernel.testing.ts";
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

  describe("called by an ordinary user, who may not look at disks,", () => {
    /** After a boot, as its user: the disks can't be read, the boot's record and the mounts can. */
    async function asUser(hardware: Hardware, record?: Partial<StageRecord>) {
      const { kernel } = await boot(hardware);
      if (record !== undefined) {
        const whole = { startedMs: 1, durationMs: 2, observed: null, plan: null, done: [] };
        const stage = { stage: "automount", result: "ok" as const, message: "", ...whole };
        writeRecord(kernel, { ...stage, ...record }, "");
      }
      // As the real kernel lists what is bound from a filesystem.
      const bound = { target: "/var/lib/boot2podman", root: "/var/lib/boot2podman" };
      const mounts = kernel.mounts().map((mount) => {
        const isBound = mount.target === bound.target;
        const of = { source: "/dev/vda1", type: "ext4", device: "254:1" };
        return isBound
          ? { ...mount, ...of, ...bound }
          : { ...mount, ...(mount.target === "/mnt/vda1" && of) };
      });
      kernel.mounts = () => mounts;
      kernel.ownUid = 1000;
      kernel.failOn("openBlockDevice", /./, "EACCES");
      return kernel;
    }

    test.each([["status"], ["--dry-run"]])("%s shows what the boot saw and did", async (word) => {
      const kernel = await asUser(newMachine(), {
        observed: ["vda 268.4 MB: the magic, empty"],
        message: "/dev/vda1 on /mnt/vda1",
        done: ["make an ext4 filesystem"],
      });
      const { status, text } = await call(kernel, word);
      expect(status).toBe(0);
      expect(text.split("\n")).toEqual([
        "This is what the boot saw and did; only root may look at disks: sudo automount status",
        "vda 268.4 MB: the magic, empty",
        "ok: /dev/vda1 on /mnt/vda1",
        "  make an ext4 filesystem",
        "the data disk is /dev/vda1 (ext4), mounted at /mnt/vda1",
      ]);
    });

    test("status judges no disk that it can't see", async () => {
      const kernel = await asUser(newMachine());
      const { text } = await call(kernel, "status");
      expect(text).toBe(
        "This boot left no record of its search for a data disk; only root may look at disks: sudo automount status\nthe data disk is /dev/vda1 (ext4), mounted at /mnt/vda1",
      );
      expect(text).not.toMatch(/unreadable|RAM/);
    });

    test("status says when nothing is mounted", async () => {
      const blank = machine(new Platter(256 * mebibyte));
      const kernel = await asUser(blank, { result: "skipped", message: "no data disk" });
      expect((await call(kernel, "status")).text).toMatch(
        /\nskipped: no data disk\nno data disk is mounted now$/,
      );
    });

    test("status --json has the record and the mount", async () => {
      const kernel = await asUser(newMachine(), { message: "used" });
      expect(JSON.parse((await call(kernel, "status", "--json")).text)).toMatchObject({
        record: { message: "used" },
        dataDisk: { partition: "/dev/vda1", mount: "/mnt/vda1" },
        warnings: ["only root may look at disks: sudo automount status"],
      });
    });

    test("automount itself is refused with what to do", async () => {
      const kernel = await asUser(newMachine());
      await expect(call(kernel)).rejects.toThrow("only root may use disks: sudo automount");
    });
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
