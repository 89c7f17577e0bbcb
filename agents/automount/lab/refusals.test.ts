import { describe, expect, test } from "vitest";
import { clientArchive, madeArchive } from "../archive/made-archives.ts";
import { dosTableBytes, dosTableOffset } from "../content/dos-table.ts";
import type { Hardware, LabKernel } from "./lab-kernel.ts";
import {
  boot,
  firstBytes,
  key,
  keyPath,
  machine,
  mebibyte,
  newMachine,
  platter,
} from "./machines.ts";
import { Platter } from "./platter.ts";

const magic = "boot2podman, please format-me";

/** A machine whose disk was set up on an earlier boot. */
async function usedMachine(): Promise<Hardware> {
  const hardware = newMachine();
  await boot(hardware);
  return hardware;
}

function writes(kernel: LabKernel): string[] {
  return kernel.journal.filter((line) => /^(writeBlock|fsyncBlock|rereadPartitions)/.test(line));
}

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
      expect(writes(kernel)).toEqual([]);
      expect(kernel.runs.map(({ argv }) => argv[0])).not.toContain("mke2fs");
      expect(kernel.mounts()).toMatchObject([{ target: "/mnt/vda1", options: ["ro", "noatime"] }]);
      expect(kernel.mounts()[0]?.superOptions).toEqual(["noload"]);
      expect(kernel.readText(keyPath)).toBe(key);
    },
  );

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
    expect(message).toContain("all is kept in RAM");
    expect(writes(kernel)).toEqual([]);
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
    expect(message).toContain("all is kept in RAM");
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
    expect(message).toContain("another program works on it");
    expect(writes(kernel)).toEqual([]);
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

describe("what is left alone, byte for byte:", () => {
  const foreign: [string, (disk: Platter) => void][] = [
    ["a filesystem behind the magic", (disk) => disk.write(mebibyte, Buffer.from("XFSB"))],
    [
      "RAID at the end, behind the magic",
      (disk) => disk.write(256 * mebibyte - 8192, Buffer.from("fc4e2ba9", "hex")),
    ],
    [
      "a table that isn't ours, behind the magic",
      (disk) => {
        const partition = { type: 7, startSector: 4096, sectors: 8192 };
        disk.write(dosTableOffset, dosTableBytes(1, partition));
      },
    ],
  ];
  test.each(foreign)("%s", async (_, write) => {
    const disk = platter(clientArchive(key));
    write(disk);
    disk.flush();
    const { kernel, result, message } = await boot(machine(disk));
    expect(result).toBe("skipped");
    expect(message).toMatch(/refused, not written/);
    expect(writes(kernel)).toEqual([]);
    expect(kernel.consoleLines.join("\n")).toContain("refused, not written");
    expect(kernel.readText(keyPath)).toBe(key);
  });

  test("a disk that the second probe can't read (accident 4)", async () => {
    const { kernel, message } = await boot(newMachine(), {
      prepare: (made) => made.onRun("blkid", { exitCode: 8 }),
    });
    expect(message).toContain("contradict one another");
    expect(writes(kernel)).toEqual([]);
  });

  test("a disk that can't be read (accident 4)", async () => {
    const { kernel, message } = await boot(newMachine(), {
      automount: { format: "blank" },
      prepare: (made) => made.failOn("readBlock", "/dev/vda", "EIO"),
    });
    expect(message).toContain("EIO");
    expect(writes(kernel)).toEqual([]);
  });

  test("a second disk beside the one that is set up", async () => {
    const other = platter(Buffer.from("XFSB".padEnd(2048, "x")));
    const { kernel, result } = await boot(machine(platter(clientArchive(key)), other));
    expect(result).toBe("ok");
    expect(writes(kernel).filter((line) => line.includes("vdb"))).toEqual([]);
  });

  test("a blank disk, without leave", async () => {
    const { kernel, result, message } = await boot(machine(new Platter(256 * mebibyte)));
    expect(result).toBe("skipped");
    expect(message).toContain("boot2podman.format=blank");
    expect(writes(kernel)).toEqual([]);
  });
});

describe("an archive that is refused", () => {
  const hostile = madeArchive({ name: "../../etc/passwd", content: "root::0:0::/:/bin/sh\n" });

  test("doesn't keep its disk from being set up, is kept, and nothing of it is written", async () => {
    const hardware = machine(platter(hostile));
    const { kernel, result } = await boot(hardware);
    expect(result).toBe("ok");
    expect(kernel.exists("/var/lib/boot2podman/userdata.refused.tar")).toBe(true);
    expect(kernel.readText("/etc/passwd")).toContain("tc:x:1000");
    expect(firstBytes(hardware, 4)).toBe("\0\0\0\0");
  });

  test("as userdata.tar of a used disk is named, and the boot goes on", async () => {
    const hardware = await usedMachine();
    const first = await boot(hardware);
    first.kernel.writeAtomic("/var/lib/boot2podman/userdata.tar", hostile);
    const { kernel, result, message } = await boot(hardware);
    expect(result).toBe("failed");
    expect(message).toContain('member \\"../../etc/passwd\\" leads upwards'.replaceAll("\\", ""));
    expect(kernel.mounts().length).toBe(5);
    expect(kernel.readText(keyPath)).toBe(key);
  });
});

describe("links on the data disk (accident 12)", () => {
  test("in the place of a folder that is bound: that bind is left out, the others are made", async () => {
    const hardware = await usedMachine();
    const { kernel: first } = await boot(hardware);
    first.lay({ "/etc/precious": "x" });
    first.rename("/mnt/vda1/local", "/mnt/vda1/elsewhere");
    first.symlink("/etc", "/mnt/vda1/local");
    const { kernel, result, message } = await boot(hardware);
    expect(result).toBe("failed");
    expect(message).toContain("could not bind local/share/containers");
    expect(kernel.mounts().map(({ target }) => target)).toEqual([
      "/mnt/vda1",
      "/var/lib/boot2podman",
      "/var/lib/containers",
      "/home/tc/.ssh",
    ]);
    expect(kernel.readText(keyPath)).toBe(key);
  });

  test("in the place of authorized_keys: userdata replaces the link and doesn't follow it", async () => {
    const hardware = await usedMachine();
    const { kernel: first } = await boot(hardware);
    first.unlink(keyPath);
    first.lay({ "/mnt/vda1/target": "untouched" });
    first.symlink("/mnt/vda1/target", keyPath);
    first.unlink("/var/lib/boot2podman/userdata.extracted");
    const { kernel } = await boot(hardware);
    expect(kernel.readText("/mnt/vda1/target")).toBe("untouched");
    expect(kernel.lstat(keyPath)?.kind).toBe("file");
  });
});

describe("userdata", () => {
  const extra = madeArchive(
    { name: ".ssh", type: "5", mode: 0o755 },
    { name: ".ssh/authorized_keys", content: key, mode: 0o666 },
    { name: "notes/today", content: "buy milk", mode: 0o640 },
  );

  test("beside .ssh is brought into the home folder on every boot, as the user's", async () => {
    const hardware = machine(platter(extra));
    for (const { kernel } of [await boot(hardware), await boot(hardware)]) {
      expect(kernel.readText("/home/tc/notes/today")).toBe("buy milk");
      expect(kernel.stat("/home/tc/notes/today")).toMatchObject({
        uid: 1000,
        gid: 50,
        mode: 0o640,
      });
      expect(kernel.stat("/home/tc/notes")).toMatchObject({ uid: 1000, mode: 0o700 });
    }
  });

  test("in .ssh is strict enough for sshd, whatever the archive says", async () => {
    const { kernel } = await boot(machine(platter(extra)));
    expect(kernel.stat("/home/tc/.ssh")).toMatchObject({ uid: 1000, gid: 50, mode: 0o700 });
    expect(kernel.stat(keyPath)).toMatchObject({ uid: 1000, gid: 50, mode: 0o600 });
  });

  test("that is new in userdata.tar is taken once more", async () => {
    const hardware = await usedMachine();
    const { kernel: first } = await boot(hardware);
    const next = key.replace("AAAA", "BBBB");
    first.writeAtomic("/var/lib/boot2podman/userdata.tar", clientArchive(next));
    expect((await boot(hardware)).kernel.readText(keyPath)).toBe(next);
  });

  test("on a full disk is a problem that is said, and the boot goes on", async () => {
    const { kernel, result, message } = await boot(newMachine(), {
      prepare: (made) => made.failOn("writeAtomic", /authorized_keys$/, "ENOSPC"),
    });
    expect(result).toBe("failed");
    expect(message).toContain("could not bring userdata into the home folder");
    expect(kernel.mounts().length).toBe(5);
  });

  test("on a read-only disk still opens the machine", async () => {
    const hardware = await usedMachine();
    const { kernel, message } = await boot(hardware, {
      prepare: (made) => made.writePlain("/sys/devices/lab/block/vda/ro", "1"),
    });
    expect(message).toContain("it can only be read");
    expect(kernel.readText(keyPath)).toBe(key);
    expect(kernel.mounts().length).toBe(1);
  });
});

test("a check that outlasts the stage's deadline: keys are brought when the disk is there", async () => {
  const hardware = await usedMachine();
  const { kernel, result, message } = await boot(hardware, {
    prepare: (made) => {
      made.lay({ "/root": null, "/etc/ssh": null, "/run/sshd.pid": "99\n" });
      made.onRun("ssh-keygen", { exitCode: 1, stderr: "none for this test" });
      made.onRun("e2fsck", () => {
        made.clockMs += 61_000;
        return { exitCode: 0 };
      });
    },
  });
  expect(kernel.readText("/root/.ssh/authorized_keys")).toContain("# Copied");
  expect(result).toBe("failed");
  expect(message).toContain("none for this test");
});

describe("waitusb", () => {
  test("goes on as soon as the disk is there", async () => {
    const hardware = await usedMachine();
    const late = hardware.disks.get("vda") ?? new Platter(mebibyte);
    const machineWithout: Hardware = { ...hardware, disks: new Map() };
    const { result } = await boot(machineWithout, {
      automount: { wait: { timeoutMs: 60_000, for: undefined } },
      prepare: (kernel) =>
        setTimeout(() => {
          kernel.attach("vda", late);
          kernel.emitUevent({ action: "add", devpath: "", values: { SUBSYSTEM: "block" } });
        }, 20),
    });
    expect(result).toBe("ok");
  });

  test("is not needed for a USB disk that the kernel has not looked at yet", async () => {
    const hardware = await usedMachine();
    const late = hardware.disks.get("vda") ?? new Platter(mebibyte);
    const { result } = await boot(
      { ...hardware, disks: new Map() },
      {
        prepare: (kernel) => {
          const usb = "/sys/bus/usb/drivers/usb-storage/1-1:1.0";
          kernel.lay({ [`${usb}/host6`]: null });
          setTimeout(() => {
            kernel.attach("vda", late);
            kernel.lay({ [`${usb}/host6/target6:0:0/6:0:0:0/block/vda`]: null });
            kernel.emitUevent({ action: "add", devpath: "", values: { SUBSYSTEM: "block" } });
          }, 20);
        },
      },
    );
    expect(result).toBe("ok");
  });

  test("is not needed for partitions that the kernel has not read yet (accident 2)", async () => {
    const hardware = await usedMachine();
    const late = hardware.disks.get("vda") ?? new Platter(mebibyte);
    const { result, message } = await boot(
      { ...hardware, disks: new Map() },
      {
        prepare: (kernel) => {
          kernel.attach("vda", late, "not yet scanned");
          setTimeout(() => {
            kernel.scan("vda", late);
            kernel.emitUevent({ action: "add", devpath: "", values: { SUBSYSTEM: "block" } });
          }, 20);
        },
      },
    );
    expect([result, message]).toEqual(["ok", "/dev/vda1 on /mnt/vda1; vda1 is the data disk"]);
  });

  test("gives up after its time", async () => {
    const { result } = await boot(machine(), {
      automount: { wait: { timeoutMs: 30, for: undefined } },
    });
    expect(result).toBe("skipped");
  });

  test("for a label doesn't format a blank disk meanwhile", async () => {
    const hardware = machine(new Platter(256 * mebibyte));
    let meanwhile: string[] | undefined;
    const { kernel } = await boot(hardware, {
      automount: {
        format: "blank",
        wait: { timeoutMs: 60, for: { by: "label", value: "boot2podman-data" } },
      },
      prepare: (made) =>
        setTimeout(() => {
          meanwhile = writes(made);
        }, 40),
    });
    expect(meanwhile).toEqual([]);
    expect(kernel.mounts().length).toBe(5);
  });
});
