import { expect, test } from "vitest";
import { FakeKernel } from "../../kernel/fake-kernel.testing.ts";
import { usrMovedPath } from "../../kernel/state-folder.ts";
import { readStatus } from "../../record/status.ts";
import { statusText } from "../../record/status-table.ts";
import { moveUsr, usrCopyPath } from "./move-usr.ts";

const image = "usr ".repeat(128);

/** A machine whose /usr lies in RAM, with a data disk. Files behave as the programs that are called make them. */
function system({ usr = "/dev/loop0", isReadOnly = false, hasDisk = true } = {}): FakeKernel {
  const kernel = new FakeKernel().lay({
    "/usr": null,
    "/dev/loop0": image,
    "/sys/block/loop0/size": "1\n",
    "/proc/sys/vm/drop_caches": "0",
    "/run/boot2podman": null,
    "/var/lib/boot2podman": null,
    "/proc/cmdline": "",
  });
  kernel.mount({ source: usr, target: "/usr", type: "squashfs" });
  if (hasDisk) {
    const flags = isReadOnly ? (["ro"] as const) : [];
    kernel.mount({ source: "/dev/vda1", target: "/var/lib/boot2podman", type: "ext4", flags });
  }
  kernel.onRun("fallocate", ([, , , path = ""]) => {
    kernel.lay({ [path]: "zeros" });
    return {};
  });
  kernel.onRun("truncate");
  kernel.onRun("dd", (argv) => {
    const to = argv.find((word) => word.startsWith("of="))?.slice(3) ?? "";
    kernel.lay({ [to]: kernel.readText("/dev/loop0") });
    return {};
  });
  kernel.onRun("cmp", ([, , one = "", another = ""]) => {
    const [first, second] = [one, another].map((path) => kernel.readTextIfPresent(path as "/proc"));
    return { exitCode: first === second ? 0 : 1 };
  });
  kernel.journal.length = 0;
  return kernel;
}

const programs = (kernel: FakeKernel) => kernel.runs.map(({ argv }) => argv[0]);
const isMoved = (kernel: FakeKernel) =>
  kernel.journal.some((line) => line.startsWith("changeLoopFile"));

test("/usr is written, compared as the disk has it, put in place, and only then read from there", async () => {
  const kernel = system();
  await moveUsr(kernel);
  expect(programs(kernel)).toEqual(["fallocate", "truncate", "dd", "cmp"]);
  expect(kernel.readText(usrCopyPath as "/proc")).toBe(image);
  const steps = kernel.journal.filter((line) => /^(?:rename|fsync|changeLoop|write)/.test(line));
  expect(steps.map((line) => line.split(" ").slice(0, 2).join(" "))).toEqual([
    "writePlain /proc/sys/vm/drop_caches",
    `rename ${usrCopyPath}.new`,
    "fsync /var/lib/boot2podman/usr",
    `writePlain ${usrMovedPath}`,
    "changeLoopFile /dev/loop0",
  ]);
  expect(statusText(readStatus(kernel, "1"))).toContain(
    "usr        a file on the data disk vda1\n",
  );
});

test("a copy of an earlier boot is compared and taken", async () => {
  const kernel = system().lay({ [usrCopyPath]: image });
  await moveUsr(kernel);
  expect(programs(kernel)).toEqual(["cmp"]);
  expect(isMoved(kernel)).toBe(true);
});

test.each([
  ["of another version", { [usrCopyPath]: "another" }],
  ["of another version of the same size", { [usrCopyPath]: "old ".repeat(128) }],
  ["that a power cut left half written", { [`${usrCopyPath}.new`]: "half" }],
])("a copy %s gives way", async (_, files) => {
  const kernel = system().lay(files);
  await moveUsr(kernel);
  expect(kernel.list("/var/lib/boot2podman/usr" as "/proc")).toEqual(["usr.squashfs"]);
  expect(kernel.readText(usrCopyPath as "/proc")).toBe(image);
});

test("what lies in the copy's place and is no file is replaced, and nobody waits for it", async () => {
  const kernel = system().lay({ "/elsewhere": null });
  kernel.symlink("/elsewhere", "/var/lib/boot2podman/usr");
  await moveUsr(kernel);
  expect(kernel.lstat("/var/lib/boot2podman/usr")?.kind).toBe("folder");
  const waiting = system().lay({ "/var/lib/boot2podman/usr": null });
  waiting.mkfifo(usrCopyPath);
  waiting.mkfifo(`${usrCopyPath}.new`);
  await moveUsr(waiting);
  expect(waiting.lstat(usrCopyPath)?.kind).toBe("file");
});

test.each<[string, (kernel: FakeKernel) => unknown, RegExp]>([
  [
    "that is full",
    (kernel) => kernel.onRun("fallocate", { exitCode: 1, stderr: "No space left on device" }),
    /needs 65 MiB of free space there; it stays in RAM/,
  ],
  [
    "that doesn't take it",
    (kernel) => kernel.onRun("dd", { exitCode: 1, stderr: "I/O error" }),
    /I\/O error/,
  ],
  [
    "that gives something else back",
    (kernel) => kernel.onRun("cmp", { exitCode: 1 }),
    /not what was written/,
  ],
  [
    "whose file the kernel doesn't take",
    (kernel) => kernel.failOn("changeLoopFile", "/dev/loop0", "EINVAL"),
    /EINVAL/,
  ],
])("a disk %s leaves /usr in RAM, and nothing of the copy stays", async (_, spoil, reason) => {
  const kernel = system();
  spoil(kernel);
  await expect(moveUsr(kernel)).rejects.toThrow(reason);
  expect(isMoved(kernel)).toBe(false);
  expect(kernel.exists(`${usrCopyPath}.new`)).toBe(false);
  expect(statusText(readStatus(kernel, "1"))).toContain("usr        in RAM\n");
});

test.each([
  ["no data disk", { hasDisk: false }],
  ["a data disk that can't be written to", { isReadOnly: true }],
])("with %s it is said", async (_, what) => {
  const kernel = system(what);
  await expect(moveUsr(kernel)).rejects.toThrow("boot2podman.usr=disk needs a data disk");
  expect(kernel.runs).toEqual([]);
});

test("a /usr that is on a disk stays there", async () => {
  const kernel = system({ usr: "/dev/vdb" });
  await expect(moveUsr(kernel)).rejects.toThrow("it is on /dev/vdb already");
  expect(kernel.runs).toEqual([]);
  expect(statusText(readStatus(kernel, "1"))).toContain("usr        on the read-only disk vdb\n");
});
