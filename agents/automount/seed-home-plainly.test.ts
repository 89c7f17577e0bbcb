import { describe, expect, test } from "vitest";
import { boot2podman } from "../flavour/flavour.ts";
import { defaultBootOptions } from "../settings/boot-options.ts";
import { bringKeysLate } from "../sshkeys/stage.ts";
import { clientArchive } from "./archive/made-archives.testing.ts";
import { LabKernel } from "./lab/lab-kernel.testing.ts";
import {
  boot,
  deviceWrites,
  key,
  keyPath,
  machine,
  newMachine,
  platter,
  usedMachine,
} from "./lab/machines.testing.ts";
import { seedHomePlainly } from "./seed-home-plainly.ts";
import { automountStage } from "./stage.ts";

/** Both ask to be set up, and bring keys. */
function withTwoDisks(): LabKernel {
  return new LabKernel(machine(platter(clientArchive(key)), platter(clientArchive(key))));
}

describe("when the stage fails", () => {
  test("keys come from the data disk, which is only read", async () => {
    const kernel = new LabKernel(await usedMachine());
    const notes = { observed: null, plan: null, done: [] };
    await automountStage(bringKeysLate).onFailure?.({ kernel, options: defaultBootOptions, notes });
    expect(kernel.readText(keyPath)).toBe(key);
    expect(kernel.mounts()).toMatchObject([{ target: "/mnt/vda1", superOptions: ["noload"] }]);
    expect(deviceWrites(kernel)).toEqual([]);
  });

  test("keys come from a disk that asks to be set up, which stays as it is", async () => {
    const kernel = new LabKernel(newMachine());
    await seedHomePlainly(kernel, boot2podman);
    expect(kernel.readText(keyPath)).toBe(key);
    expect(deviceWrites(kernel)).toEqual([]);
  });

  test("no keys come from two disks: nobody knows whose they are", async () => {
    const kernel = withTwoDisks();
    expect(await seedHomePlainly(kernel, boot2podman)).toContain("no single disk");
    expect(kernel.exists(keyPath)).toBe(false);
  });

  test("a disk that can't be read is passed by", async () => {
    const kernel = withTwoDisks();
    kernel.failOn("readBlock", "/dev/vdb", "EIO");
    await seedHomePlainly(kernel, boot2podman);
    expect(kernel.readText(keyPath)).toBe(key);
  });

  test("nothing more is done when the keys are there", async () => {
    const { kernel } = await boot(newMachine());
    const before = kernel.journal.length;
    expect(await seedHomePlainly(kernel, boot2podman)).toBe("the user's keys are there");
    expect(kernel.journal.length).toBe(before);
  });
});
