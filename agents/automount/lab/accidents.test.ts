import { describe, expect, test } from "vitest";
import { mebibyte } from "../../units/bytes.ts";
import {
  boot,
  deviceWrites,
  firstBytes,
  key,
  keyPath,
  machine,
  newMachine,
  usedMachine,
} from "./machines.testing.ts";
import { Platter } from "./platter.testing.ts";

/**
 * Accidents of this field that cost people their data, their keys or their way in, each by its number in
 * docs/accidents.md and where it happened. Nearly all have more tests, beside the code that they are about.
 */

const magic = "boot2podman, please format-me";
const stepsOf = (done: readonly string[]) => done.map((line) => line.split(" ")[0]);

describe("accident 1: a disk formatted anew on every boot, because its label was cut (lima#5407)", () => {
  test("a second and a third boot find the label of 16 characters and make no filesystem", async () => {
    const hardware = newMachine();
    const first = await boot(hardware);
    expect(first.kernel.runs.map(({ argv }) => argv[0])).toContain("mke2fs");
    for (const { kernel, message } of [await boot(hardware), await boot(hardware)]) {
      expect(message).toContain("vda1 is the data disk");
      expect(kernel.runs.map(({ argv }) => argv[0])).not.toContain("mke2fs");
      expect(deviceWrites(kernel)).toEqual([]);
    }
  });
});

describe("accident 2: growing and checking raced with the names of partitions (lima#4831)", () => {
  test("an enlarged disk is checked only when its partition has the new size, then mounted, then grown", async () => {
    const hardware = await usedMachine();
    const disk = hardware.disks.get("vda");
    if (disk !== undefined) {
      disk.sizeBytes = 512 * mebibyte;
    }
    const { done, result } = await boot(hardware);
    expect(result).toBe("ok");
    expect(stepsOf(done).slice(1, 4)).toEqual(["grow", "check", "mount"]);
  });
});

describe("accident 3: a check that never really ran (lima, 05-lima-disks.sh)", () => {
  test("e2fsck gets the partition's own node, before the mount, and its status counts", async () => {
    const hardware = await usedMachine();
    let isMounted: boolean | undefined;
    const { kernel, result } = await boot(hardware, {
      prepare: (made) =>
        made.onRun("e2fsck", (argv) => {
          isMounted = made.mounts().length > 0;
          expect(argv).toEqual(["e2fsck", "-p", "/dev/vda1"]);
          return { exitCode: 4, stderr: "UNEXPECTED INCONSISTENCY" };
        }),
    });
    expect(isMounted).toBe(false);
    expect(result).toBe("failed");
    expect(kernel.mounts()[0]?.options).toContain("ro");
  });
});

describe("accident 4: what couldn't be read counted as blank, and the biggest disk was formatted (autoformat)", () => {
  test("a blank disk of which a probe ends in an error is left, where blank ones may be set up", async () => {
    const { kernel, message } = await boot(machine(new Platter(256 * mebibyte)), {
      automount: { format: "blank" },
      prepare: (made) => made.onRun("blkid", { exitCode: 4, stderr: "error" }),
    });
    expect(deviceWrites(kernel)).toEqual([]);
    expect(message).toContain("an error never counts as blank");
  });

  test("of two blank disks none is set up, whichever is the bigger", async () => {
    const disks = [new Platter(256 * mebibyte), new Platter(512 * mebibyte)];
    const { kernel, message } = await boot(machine(...disks), { automount: { format: "blank" } });
    expect(deviceWrites(kernel)).toEqual([]);
    expect(message).toContain("several strictly blank disks (vda, vdb)");
  });
});

describe("accident 5: making the filesystem failed without a word, and all ran from RAM (b2d#442, b2d#793)", () => {
  test("the stage fails, with the reason", async () => {
    const { result, message } = await boot(newMachine(), {
      prepare: (made) => made.onRun("mke2fs", { exitCode: 1, stderr: "Input/output error" }),
    });
    expect(result).toBe("failed");
    expect(message).toMatch(/Input\/output error.*everything is kept in RAM/);
  });
});

describe("accident 6: the data disk was not mounted now and then, and the RAM filled (minikube#1438)", () => {
  test("a boot without its data disk says so on the console, with what is wrong and what to do", async () => {
    const hardware = await usedMachine();
    const { kernel, result } = await boot(hardware, {
      prepare: (made) => made.failOn("readBlock", /vda/, "EIO"),
    });
    expect(result).toBe("skipped");
    const said = kernel.consoleLines.join("\n");
    expect(said).toContain("no data disk, everything is kept in RAM");
    expect(said).toMatch(/vda .*EIO.*Look at the disk with `dmesg`/);
  });

  test("a data disk of which the kernel hasn't shown the partitions yet is waited for", async () => {
    const hardware = await usedMachine();
    const disk = hardware.disks.get("vda");
    hardware.disks.delete("vda");
    const { kernel, result } = await boot(hardware, {
      prepare: (made) => {
        if (disk === undefined) {
          throw new Error("no disk");
        }
        made.attach("vda", disk, "not yet scanned");
        setTimeout(() => {
          made.scan("vda", disk);
          made.emitUevent({ action: "add", devpath: "/block/vda/vda1", values: {} });
        }, 20);
      },
    });
    expect(result).toBe("ok");
    expect(kernel.mounts().map(({ target }) => target)).toContain("/var/lib/containers");
  });
});

describe("accident 7: partitions whose names end in digits were misread, and a race was slept over (linuxkit)", () => {
  test.each(["mmcblk0", "nvme0n9"])(
    "%s is set up, and its partition is what the kernel says",
    async (name) => {
      const made = newMachine();
      const disk = made.disks.get("vda");
      if (disk === undefined) {
        throw new Error("no disk");
      }
      const { kernel, result } = await boot({
        disks: new Map([[name, disk]]),
        filesystems: new Map(),
      });
      expect(result).toBe("ok");
      expect(kernel.mounts()[0]?.target).toBe(`/mnt/${name}p1`);
      expect(kernel.readText(keyPath)).toBe(key);
    },
  );
});

describe("accident 8: a check failed, and the user lost everything (docker/for-mac#949)", () => {
  test("whatever e2fsck says, two boots later the files are there", async () => {
    const hardware = await usedMachine();
    const first = await boot(hardware);
    first.kernel.writeAtomic("/var/lib/boot2podman/precious", "kept");
    for (const exitCode of [4, 8, 16]) {
      const { kernel } = await boot(hardware, {
        prepare: (made) => made.onRun("e2fsck", { exitCode, stderr: "bad superblock" }),
      });
      expect(deviceWrites(kernel)).toEqual([]);
      expect(kernel.runs.map(({ argv }) => argv[0])).not.toContain("mke2fs");
    }
    const { kernel } = await boot(hardware);
    expect(kernel.readText("/var/lib/boot2podman/precious")).toBe("kept");
  });
});

describe("accident 12: an agent of root followed a user's link while it wrote keys (QEMU #3929)", () => {
  test("a link in the place of .ssh on the data disk leads nowhere", async () => {
    const hardware = await usedMachine();
    const { kernel: first } = await boot(hardware);
    first.lay({ "/etc/ssh/precious": "untouched" });
    first.rename("/mnt/vda1/home/tc/.ssh", "/mnt/vda1/home/tc/was");
    first.symlink("/etc/ssh", "/mnt/vda1/home/tc/.ssh");
    first.unlink("/var/lib/boot2podman/userdata.extracted");
    const { kernel, result } = await boot(hardware, {
      prepare: (made) => made.lay({ "/etc/ssh/precious": "untouched" }),
    });
    expect(result).toBe("failed");
    expect(kernel.list("/etc/ssh")).toEqual(["precious"]);
  });
});

describe("accident 13: keys came back from the archive on every boot and could not be revoked (autoformat)", () => {
  test("a key that was removed stays removed", async () => {
    const hardware = await usedMachine();
    const { kernel: first } = await boot(hardware);
    first.writeAtomic(keyPath, "");
    for (const { kernel } of [await boot(hardware), await boot(hardware)]) {
      expect(kernel.readText(keyPath)).toBe("");
    }
  });
});

describe("accident 14: interrupted between partitioning and mkfs, a disk was unusable for ever (autoformat)", () => {
  test("whichever change was the last, the next boot has the disk and the key", async () => {
    const whole = await boot(newMachine());
    for (let atChange = 0; atChange < whole.kernel.changes; atChange += 1) {
      const hardware = newMachine();
      await boot(hardware, { cut: { atChange, survivors: "none" } });
      const { kernel, result } = await boot(hardware);
      expect([atChange, result]).toEqual([atChange, "ok"]);
      expect(kernel.readText(keyPath)).toBe(key);
    }
  });
});

describe("accident 15: a file named format-me was left over (b2d#634)", () => {
  test("after a set-up neither the home folder nor the disk's first bytes hold the magic", async () => {
    const hardware = newMachine();
    const { kernel } = await boot(hardware);
    expect(kernel.list("/home/tc").filter((name) => name.includes("format"))).toEqual([]);
    expect(firstBytes(hardware, magic.length)).not.toContain("format");
  });
});
