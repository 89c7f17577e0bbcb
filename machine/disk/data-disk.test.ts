import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { runProgram } from "../program/run.ts";
import { checkDisk, makeDataDisk, virtualSizeBytes } from "./data-disk.ts";
import { userdataArchive } from "./userdata-archive.ts";

const publicKey = `ssh-ed25519 ${"C".repeat(68)}`;
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "data-disk-"));
});
afterEach(() => rm(folder, { recursive: true }));

test("the guest sees the size that was asked for beyond the archive", () => {
  expect(virtualSizeBytes(20_000, 4608)).toBe(20_000 * 1_048_576 + 4608);
});

test("the disk begins with the archive, then holds zeros, and is small on the host", async () => {
  const path = join(folder, "disk.qcow2");
  await makeDataDisk({ path, folder, publicKey, sizeMib: 16 });
  expect((await stat(path)).size).toBeLessThan(1_000_000);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await readdir(folder)).toEqual(["disk.qcow2"]);
  const raw = join(folder, "disk.raw");
  await runProgram("qemu-img", ["convert", "-O", "raw", path, raw], { timeoutMs: 60_000 });
  const archive = userdataArchive({ publicKey });
  const bytes = await readFile(raw);
  expect(bytes.length).toBe(16 * 1_048_576 + archive.length);
  expect(bytes.subarray(0, archive.length).equals(archive)).toBe(true);
  expect(bytes.subarray(archive.length).equals(Buffer.alloc(16 * 1_048_576))).toBe(true);
});

test("a disk that can't be made is told in one line", async () => {
  const path = join(folder, "absent", "disk.qcow2");
  await expect(makeDataDisk({ path, folder, publicKey, sizeMib: 16 })).rejects.toThrow(
    /^The disk .*absent\/disk\.qcow2 could not be made: .*No such file/,
  );
});

test("a missing disk is told with what to do", async () => {
  await expect(checkDisk(join(folder, "disk.qcow2"), "box")).rejects.toThrow(
    /^The disk of "box" is missing: .*podman-machine rm box/,
  );
});
