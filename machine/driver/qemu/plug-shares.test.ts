import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { runProgram } from "../../program/run.ts";
import type { FolderShare } from "../../store/share.ts";
import { checkPluggable, mountScript, plugShares } from "./plug-shares.ts";

let folder: string;
const shareAt = (index: number): FolderShare => ({
  Tag: `tag${index}`,
  HostFolder: "/host",
  GuestFolder: join(folder, `a place ${index}`),
  ReadOnly: index === 1,
});

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "b2p-plug-"));
  await mkdir(join(folder, "bin"));
});
afterEach(() => rm(folder, { recursive: true }));

/** Runs what mounts those shares, with a program in place of mount. */
async function runScript(shares: readonly FolderShare[], mount: string) {
  await writeFile(join(folder, "bin/mount"), `#!/bin/sh\n${mount}\n`, { mode: 0o755 });
  await writeFile(join(folder, "bin/usleep"), "#!/bin/sh\n", { mode: 0o755 });
  const script = `PATH=${folder}/bin:$PATH\n${mountScript(shares)}echo on`;
  return runProgram("sh", ["-c", script], { timeoutMs: 600_000 });
}

test("the parts of the device are plugged in from the last to the first, at which the guest looks", async () => {
  const orders: unknown[] = [];
  const monitor = {
    execute: async (command: string, args?: unknown) => orders.push([command, args]),
  };
  await plugShares([shareAt(0), shareAt(1)], monitor);
  const part = (index: number) => [
    "device_add",
    {
      driver: "virtio-9p-pci",
      id: `share${index}`,
      fsdev: `share${index}`,
      mount_tag: `tag${index}`,
      bus: "slot0",
      addr: `0.${index}`,
      multifunction: true,
    },
  ];
  expect(orders).toEqual([part(1), part(0)]);
});

test("more than a slot has room for are refused", () => {
  const many = (count: number) => Array.from({ length: count }, (_, index) => shareAt(index));
  expect(() => checkPluggable(many(8))).not.toThrow();
  expect(() => checkPluggable(many(9))).toThrow("8 at most");
});

test("each is mounted at its place as soon as the guest has the device", async () => {
  const log = join(folder, "log");
  const mount = `echo "$@" >>${log}; [ $(wc -l <${log}) -gt 2 ] || { echo no such device; exit 1; }`;
  expect(await runScript([shareAt(0), shareAt(1)], mount)).toMatchObject({
    exitCode: 0,
    stdout: "on\n",
    stderr: "",
  });
  const options = "nosuid,nodev,trans=virtio,version=9p2000.L,msize=512000,cache=mmap";
  expect((await readFile(log, "utf8")).trim().split("\n")).toEqual([
    ...Array(3).fill(`-t 9p -o rw,${options} -- tag0 ${folder}/a place 0`),
    `-t 9p -o ro,${options} -- tag1 ${folder}/a place 1`,
  ]);
});

test("one that doesn't come ends the command as Podman does when it can't, with the reason", async () => {
  const result = await runScript([shareAt(0)], "echo mount: no such device; exit 1");
  expect(result).toMatchObject({ exitCode: 125, stdout: "", stderr: "mount: no such device\n" });
});

test("without shares there is nothing to do", () => {
  expect(mountScript([])).toBe("");
});
