import { describe, expect, test } from "vitest";
import { FakeKernel } from "../../kernel/fake-kernel.testing.ts";
import type { MountEntry } from "../../kernel/mounts.ts";
import { defaultBootOptions } from "../../settings/boot-options.ts";
import { foldersStage, wantsFolders } from "./stage.ts";

function mount(source: string, target: string, root: string): MountEntry {
  const rest = { id: 1, parentId: 0, options: [], propagation: [], superOptions: [] };
  return { ...rest, device: source, root, target, type: "ext4", source };
}

function system(): FakeKernel {
  const kernel = new FakeKernel()
    .onRun("findfs", { stdout: "/dev/sdb1\n" })
    .onRun("blkid", { stdout: "ext4\n" })
    .lay({
      "/etc/passwd": "tc:x:1000:50::/home/tc:/bin/sh\n",
      "/home/tc/.profile": "ram",
      "/opt": null,
      "/mnt/sda1/home/tc/.ssh/authorized_keys": "key",
    });
  return kernel
    .addBlockDevice("/dev/sda1", new Uint8Array(1))
    .addBlockDevice("/dev/sdb1", new Uint8Array(1));
}

function run(kernel: FakeKernel, more: Partial<typeof defaultBootOptions>) {
  const notes = { observed: null, plan: null, done: [] };
  return foldersStage.run({ kernel, options: { ...defaultBootOptions, ...more }, notes });
}

const mounting = (kernel: FakeKernel) => kernel.journal.filter((line) => line.startsWith("mount "));
/** What a bind is followed by, so that later mounts show once (see bindApart). */
const apart = (folder: string) => [`mount ${folder} none private`, `mount ${folder} none shared`];

describe("home= and opt=", () => {
  test("are no stage of a boot that didn't ask for them", () => {
    expect(wantsFolders(defaultBootOptions)).toBe(false);
    expect(wantsFolders({ ...defaultBootOptions, optPartition: "sda1" })).toBe(true);
  });

  test("use the data disk where it is mounted, and bind what lay below again", async () => {
    const kernel = system();
    kernel.mounts = () => [
      mount("/dev/sda1", "/mnt/sda1", "/"),
      mount("/dev/sda1", "/home/tc/.ssh", "/home/tc/.ssh"),
    ];
    const outcome = await run(kernel, { homePartition: "sda1" });
    expect(outcome).toEqual({ result: "ok", message: "/home is /mnt/sda1/home" });
    expect(mounting(kernel)).toEqual([
      "mount /home /mnt/sda1/home bind",
      ...apart("/home"),
      "mount /home/tc/.ssh /mnt/sda1/home/tc/.ssh bind",
      ...apart("/home/tc/.ssh"),
    ]);
    expect(kernel.stat("/home/tc")).toMatchObject({ uid: 1000, gid: 50 });
  });

  test("mount another partition, by its label too", async () => {
    const kernel = system();
    const outcome = await run(kernel, { optPartition: "LABEL=tools" });
    expect(outcome.message).toBe("/opt is /mnt/sdb1/opt");
    expect(mounting(kernel)).toEqual([
      "mount /mnt/sdb1 /dev/sdb1 ext4",
      "mount /opt /mnt/sdb1/opt bind",
      ...apart("/opt"),
    ]);
    expect(kernel.stat("/opt")).toMatchObject({ mode: 0o775, gid: 50 });
  });

  test("say what is missing", async () => {
    await expect(run(system(), { homePartition: "sdz9" })).rejects.toThrow(
      "find /dev/sdz9: ENOENT",
    );
    const kernel = system().onRun("findfs", {
      exitCode: 1,
      stderr: "findfs: unable to resolve 'LABEL=x'\n",
    });
    await expect(run(kernel, { homePartition: "LABEL=x" })).rejects.toThrow("unable to resolve");
  });
});
