import { describe, expect, test } from "vitest";
import type { StageNotes } from "../../stage/stage.ts";
import { firstCopy, superblockBytes, superblockOffset } from "../content/ext4.ts";
import {
  boot,
  deviceWrites,
  firstBytes,
  key,
  keyPath,
  newMachine,
  usedMachine,
} from "./machines.testing.ts";

const magic = "boot2podman, please format-me";

describe("a filesystem with errors (accident 8)", () => {
  test.each([4, 8, 12, 128])(
    "that e2fsck leaves with status %i is mounted read-only, never formatted",
    async (exitCode) => {
      const hardware = await usedMachine();
      const stderr = "/dev/vda1: UNEXPECTED INCONSISTENCY; RUN fsck MANUALLY.";
      const { kernel, result, message } = await boot(hardware, {
        prepare: (made) => made.onRun("e2fsck", { exitCode, stderr }),
      });
      expect(result).toBe("failed");
      expect(message).toContain("mounted read-only");
      expect(message).toContain("UNEXPECTED INCONSISTENCY");
      expect(deviceWrites(kernel)).toEqual([]);
      expect(kernel.runs.map(({ argv }) => argv[0])).not.toContain("mke2fs");
      expect(kernel.mounts()).toMatchObject([
        { target: "/mnt/vda1", options: ["ro", "nosuid", "nodev", "noatime"] },
      ]);
      expect(kernel.mounts()[0]?.superOptions).toEqual(["noload"]);
      expect(kernel.readText(keyPath)).toBe(key);
    },
  );

  test("whose superblock a power cut left half-written is repaired from its copy", async () => {
    const hardware = await usedMachine();
    const { block, blockBytes } = firstCopy({ blockBytes: 4096 });
    const disk = hardware.disks.get("vda");
    const copyOffset = 2 ** 20 + block * blockBytes;
    disk?.write(copyOffset, disk.read(2 ** 20 + superblockOffset, superblockBytes));
    const calls: string[] = [];
    let duringRepair: string | undefined;
    const { result, done } = await boot(hardware, {
      prepare: (made) =>
        made.onRun("e2fsck", (argv) => {
          calls.push(argv.join(" "));
          duringRepair = made.readTextIfPresent(keyPath);
          if (!argv.includes("-b")) {
            return { exitCode: 8, stderr: "The superblock could not be read\n  e2fsck -b 8193" };
          }
          return { exitCode: 1, stdout: "was not cleanly unmounted, check forced." };
        }),
    });
    expect(result).toBe("ok");
    expect(calls).toEqual(["e2fsck -p /dev/vda1", "e2fsck -p -b 32768 -B 4096 /dev/vda1"]);
    expect(done[1]).toContain("superblock restored from its copy");
    expect(duringRepair).toBe(key);
  });

  test("that are marked in its superblock has its keys in RAM before the long check begins", async () => {
    const hardware = await usedMachine();
    const disk = hardware.disks.get("vda");
    disk?.write(2 ** 20 + 1024 + 0x3a, new Uint8Array([2]));
    let duringCheck: string | undefined;
    let toldMeanwhile: string | undefined;
    const notes: StageNotes = { observed: null, plan: null, done: [] };
    const { kernel, result } = await boot(hardware, {
      notes,
      prepare: (made) =>
        made.onRun("e2fsck", () => {
          duringCheck = made.readTextIfPresent(keyPath);
          toldMeanwhile = notes.now;
          return { exitCode: 1, stdout: "repaired" };
        }),
    });
    expect(duringCheck).toBe(key);
    expect(toldMeanwhile).toBe(
      "check the whole data filesystem on /dev/vda1, to mount it afterwards",
    );
    expect(notes.now).toBeUndefined();
    expect(result).toBe("ok");
    const said = kernel.consoleLines.join();
    expect(said).toContain("is checked completely, which can take long; the keys on it are used");
  });

  test("that are marked in its superblock and can't be looked into says why its keys don't count yet", async () => {
    const hardware = await usedMachine();
    hardware.disks.get("vda")?.write(2 ** 20 + 1024 + 0x3a, new Uint8Array([2]));
    const { kernel, result } = await boot(hardware, {
      prepare: (made) => made.failOn("mount", "/run/boot2podman/look", "EUCLEAN"),
    });
    expect(result).toBe("ok");
    expect(kernel.consoleLines.join()).toContain(
      "the keys on it can't be read until then: mount /run/boot2podman/look: EUCLEAN",
    );
  });

  test("that e2fsck repaired is used", async () => {
    const hardware = await usedMachine();
    const { result, done } = await boot(hardware, {
      prepare: (made) =>
        made.onRun("e2fsck", { exitCode: 1, stdout: "/dev/vda1: recovering journal" }),
    });
    expect(result).toBe("ok");
    expect(done[1]).toContain("repaired: /dev/vda1: recovering journal");
  });

  test("is mounted read-only, too, when there is no e2fsck or it never ends (accident 3)", async () => {
    const hardware = await usedMachine();
    const { kernel, message } = await boot(hardware, {
      prepare: (made) => made.failOn("run", "e2fsck", "ETIMEDOUT"),
    });
    expect(message).toContain("not checked");
    expect(kernel.mounts()[0]?.options).toContain("ro");
  });

  test("that can't be mounted at all is left, and said", async () => {
    const hardware = await usedMachine();
    const { kernel, result, message } = await boot(hardware, {
      prepare: (made) => made.failOn("mount", "/mnt/vda1", "EUCLEAN"),
    });
    expect(result).toBe("failed");
    expect(message).toContain("mount /mnt/vda1: EUCLEAN");
    expect(message).toContain("everything is kept in RAM");
    expect(deviceWrites(kernel)).toEqual([]);
  });
});

describe("a set-up that fails (accident 5)", () => {
  test("in mke2fs is a failure that is told, and the key in the archive opens the machine", async () => {
    const hardware = newMachine();
    const { kernel, result, message } = await boot(hardware, {
      prepare: (made) => made.onRun("mke2fs", { exitCode: 1, stderr: "No space left" }),
    });
    expect(result).toBe("failed");
    expect(message).toContain("No space left");
    expect(message).toContain("everything is kept in RAM");
    expect(kernel.readText(keyPath)).toBe(key);
    expect(firstBytes(hardware, magic.length)).toBe(magic);
  });

  test("because another program has the disk locked leaves it", async () => {
    const hardware = newMachine();
    const { kernel, result, message } = await boot(hardware, {
      prepare: (made) => {
        made.isLockedByOthers = true;
      },
    });
    expect(result).toBe("failed");
    expect(message).toContain("another program is using it");
    expect(deviceWrites(kernel)).toEqual([]);
    expect(kernel.readText(keyPath)).toBe(key);
  });

  test("to show its partition says which one was waited for (accident 2)", async () => {
    const hardware = newMachine();
    const { result, message } = await boot(hardware, {
      prepare: (made) => made.failOn("rereadPartitions", "/dev/vda", "EBUSY"),
    });
    expect(result).toBe("failed");
    expect(message).toContain("rereadPartitions /dev/vda: EBUSY");
    expect((await boot(hardware)).result).toBe("ok");
  });
});

test("a boot that has gone on without the disk: keys are brought when it is there", async () => {
  const hardware = await usedMachine();
  const { kernel, result, message } = await boot(hardware, {
    around: { hasGoneOn: true, goesOnAfter: () => undefined },
    prepare: (made) => {
      made.lay({ "/root": null, "/etc/ssh": null, "/run/sshd.pid": "99\n" });
      made.onRun("ssh-keygen", { exitCode: 1, stderr: "none for this test" });
    },
  });
  expect(kernel.readText("/root/.ssh/authorized_keys")).toContain("# Copied");
  expect(kernel.consoleLines).toContain("automount: /dev/vda1 on /mnt/vda1; vda1 is the data disk");
  expect(result).toBe("failed");
  expect(message).toContain("none for this test");
});

describe("before a check of all of the filesystem the boot hears that it may go on", () => {
  const hostKey = "/var/lib/boot2podman/etc/ssh/ssh_host_ed25519_key";

  async function whatIsHeard(keptKey: string | undefined, uptimeMs: number) {
    const hardware = await usedMachine();
    const heard: unknown[] = [];
    hardware.disks.get("vda")?.write(2 ** 20 + 1024 + 0x3a, new Uint8Array([2]));
    const { kernel } = await boot(hardware, {
      around: { hasGoneOn: false, goesOnAfter: (...told) => heard.push(told) },
      prepare: (made) => {
        made.clockMs = uptimeMs;
        if (keptKey !== undefined) {
          made.mount({ source: "/dev/vda1", target: "/mnt", type: "ext4" });
          made.lay({ [`/mnt${hostKey}`]: keptKey });
          made.unmount("/mnt");
        }
      },
    });
    return { heard, kernel };
  }

  test.each([
    ["with the host keys of the disk, which are settled then", "KEY", 3_000, [45_000, true]],
    ["on a slow host later, since the check is slow too", "KEY", 60_000, [600_000, true]],
    ["without host keys, for which sshd waits on", undefined, 3_000, [45_000, false]],
  ])("%s", async (_, keptKey, uptimeMs, told) => {
    expect((await whatIsHeard(keptKey, uptimeMs)).heard).toEqual([told]);
  });
});

test("a module that comes too late for the mount is waited for", async () => {
  const hardware = await usedMachine();
  const { result, kernel } = await boot(hardware, {
    prepare: (made) => {
      made.rmdir("/sys/fs/ext4");
      // Somebody else loads it: our own modprobe finds it busy and leaves.
      made.onRun("modprobe", { exitCode: 1 });
      setTimeout(() => {
        made.lay({ "/sys/fs/ext4": null });
        made.emitUevent({
          action: "add",
          devpath: "/module/ext4",
          values: { SUBSYSTEM: "module" },
        });
      }, 20);
    },
  });
  expect(result).toBe("ok");
  expect(kernel.mounts()[0]?.options).not.toContain("ro");
});
