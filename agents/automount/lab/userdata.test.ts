import { describe, expect, test } from "vitest";
import { boot2podman } from "../../flavour/flavour.ts";
import { clientArchive, madeArchive } from "../archive/made-archives.testing.ts";
import {
  boot,
  firstBytes,
  key,
  keyPath,
  machine,
  newMachine,
  platter,
  usedMachine,
} from "./machines.testing.ts";

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
    expect(message).toContain('member "../../etc/passwd" contains ".."');
    expect(kernel.mounts().length).toBe(1 + boot2podman.binds.length);
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
      "/etc/containers/networks",
      "/etc/containers/systemd",
      "/home/tc/.config/containers/systemd",
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

  test("on a full disk is a warning, and the boot goes on", async () => {
    const { kernel, result, message } = await boot(newMachine(), {
      prepare: (made) => made.failOn("writeAtomic", /authorized_keys$/, "ENOSPC"),
    });
    expect(result).toBe("failed");
    expect(message).toContain("could not extract userdata into the home folder");
    expect(kernel.mounts().length).toBe(1 + boot2podman.binds.length);
  });

  test("on a read-only disk still opens the machine, and the host stays who it is", async () => {
    const hardware = await usedMachine();
    const { kernel: first } = await boot(hardware);
    first.mkdir("/var/lib/boot2podman/etc/ssh", { mode: 0o700 });
    first.writeAtomic("/var/lib/boot2podman/etc/ssh/ssh_host_ed25519_key", "host key");
    const { kernel, message } = await boot(hardware, {
      prepare: (made) => made.writePlain("/sys/devices/lab/block/vda/ro", "1"),
    });
    expect(message).toContain("it is read-only");
    expect(kernel.readText("/var/lib/boot2podman/etc/ssh/ssh_host_ed25519_key")).toBe("host key");
    expect(kernel.readText(keyPath)).toBe(key);
    expect(kernel.mounts().length).toBe(1);
  });
});
