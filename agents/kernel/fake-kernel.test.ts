import { describe, expect, test } from "vitest";
import { FakeKernel } from "./fake-kernel.testing.ts";

describe("FakeKernel", () => {
  test("follows links and tells a link from what it points to", () => {
    const kernel = new FakeKernel().lay({ "/usr/bin/sh": "elf" });
    kernel.symlink("usr/bin", "/bin");
    expect(kernel.readText("/bin/sh")).toBe("elf");
    expect(kernel.lstat("/bin")?.kind).toBe("link");
    expect(kernel.realpath("/bin/sh")).toBe("/usr/bin/sh");
    expect(kernel.stat("/bin/none")).toBeUndefined();
  });

  test("shows a filesystem where it is mounted and hides it after unmounting", () => {
    const kernel = new FakeKernel().lay({ "/mnt/sda1": null, "/srv/here": null });
    kernel.mount({ source: "/dev/sda1", target: "/mnt/sda1", type: "ext4" });
    kernel.writeAtomic("/mnt/sda1/a", "1");
    kernel.mount({ source: "/mnt/sda1", target: "/srv/here", flags: ["bind"] });
    expect(kernel.readText("/srv/here/a")).toBe("1");
    kernel.unmount("/mnt/sda1");
    expect(kernel.exists("/mnt/sda1/a")).toBe(false);
    kernel.mount({ source: "/dev/sda1", target: "/mnt/sda1", type: "ext4" });
    expect(kernel.readText("/mnt/sda1/a")).toBe("1");
  });

  test("refuses a link on the way below a user's folder", () => {
    const kernel = new FakeKernel().lay({ "/home/tc": null, "/etc/shadow": "secret" });
    kernel.symlink("/etc", "/home/tc/.ssh");
    expect(() => kernel.withFolderBeneath("/home/tc", ".ssh", (path) => path)).toThrow("ELOOP");
    expect(() =>
      kernel.mkdirBeneath("/home/tc", ".ssh/x", { mode: 0o700, owner: { uid: 1, gid: 1 } }),
    ).toThrow("ELOOP");
  });

  test("writes below an opened folder although its name became a link meanwhile", () => {
    const kernel = new FakeKernel().lay({ "/home/tc/.ssh": null, "/etc": null });
    kernel.withFolderBeneath("/home/tc", ".ssh", (path) => {
      kernel.rename("/home/tc/.ssh", "/home/tc/old");
      kernel.symlink("/etc", "/home/tc/.ssh");
      kernel.writeAtomic(`${path}/authorized_keys`, "key");
    });
    expect(kernel.readText("/home/tc/old/authorized_keys")).toBe("key");
    expect(kernel.exists("/etc/authorized_keys")).toBe(false);
  });

  test("fails as told and only as often", () => {
    const kernel = new FakeKernel().lay({ "/a": "1" });
    kernel.failOn("readText", "/a", "EIO", 1);
    expect(() => kernel.readText("/a")).toThrow("readText /a: EIO");
    expect(kernel.readText("/a")).toBe("1");
  });

  test("refuses to open a held disk exclusively, and gives what was written to a free one", () => {
    const kernel = new FakeKernel()
      .addBlockDevice("/dev/sda", new Uint8Array(8), { held: true })
      .addBlockDevice("/dev/sdb", new Uint8Array(8));
    expect(() => kernel.openBlockDevice("/dev/sda", "exclusive")).toThrow("EBUSY");
    const disk = kernel.openBlockDevice("/dev/sdb", "exclusive");
    disk.write(2, new Uint8Array([7]));
    expect(disk.read(0, 4)).toEqual(new Uint8Array([0, 0, 7, 0]));
    expect(() => disk.write(8, new Uint8Array([1]))).toThrow("ENOSPC");
  });

  test("can't start a program without an answer", async () => {
    const kernel = new FakeKernel().onRun("blkid", { exitCode: 2 });
    expect((await kernel.run(["/sbin/blkid", "/dev/sda"])).exitCode).toBe(2);
    await expect(kernel.run(["mkfs.ext4"])).rejects.toThrow("ENOENT");
    expect(kernel.runs.map((run) => run.argv[0])).toEqual(["/sbin/blkid", "mkfs.ext4"]);
  });

  test("ends a wait for a device with what was found, or names what was missing", async () => {
    const kernel = new FakeKernel();
    const found = kernel.waitForDevice(() => kernel.stat("/dev/sda")?.kind, {
      what: "sda",
      timeoutMs: 1000,
    });
    kernel.addBlockDevice("/dev/sda", new Uint8Array(1));
    kernel.emitUevent({ action: "add", devpath: "/devices/sda", values: {} });
    expect(await found).toBe("block");
    await expect(kernel.waitForPath("/never", 1)).rejects.toThrow("wait for /never: ETIMEDOUT");
  });
});
