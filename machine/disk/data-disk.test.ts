import { randomBytes } from "node:crypto";
import { mkdtemp, open, readdir, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { runProgram } from "../program/run.ts";
import { checkDisk, checkQcow2, makeDataDisk, virtualSizeBytes } from "./data-disk.ts";
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

describe("the check before a start", () => {
  const clusterBytes = 65_536;
  const timeout = { timeoutMs: 60_000 };
  let path: string;

  /** A disk with some MiB of data. */
  beforeEach(async () => {
    path = join(folder, "disk.qcow2");
    const raw = join(folder, "raw");
    await writeFile(raw, randomBytes(4 * 2 ** 20));
    await runProgram("qemu-img", ["convert", "-f", "raw", "-O", "qcow2", raw, path], timeout);
    await runProgram("qemu-img", ["resize", "-q", path, "4G"], timeout);
  });

  async function overwrite(cluster: number, bytes: Buffer): Promise<void> {
    const file = await open(path, "r+");
    await file.write(bytes, 0, bytes.length, cluster * clusterBytes);
    await file.close();
  }

  const warnings: string[] = [];
  const check = () => checkQcow2(path, "box", (text) => warnings.push(text));

  test("lets a sound disk pass, one with clusters that belong to nothing, and one that is in use", async () => {
    await check();
    // A cluster more that is counted once: what a power cut leaves.
    await overwrite(2, Buffer.concat([Buffer.alloc(200, Buffer.from([0, 1]))]));
    const { exitCode } = await runProgram("qemu-img", ["check", "-q", path], timeout);
    expect(exitCode).toBe(3);
    await check();
    expect(warnings).toEqual([]);
  });

  test.each<[string, () => Promise<void>, RegExp]>([
    [
      "cut in half",
      () => truncate(path, 2 ** 21),
      /^The disk of "box" is damaged: .* finds \d+ errors in .*disk\.qcow2\. Nothing was started\. .*"qemu-img check -r all"/,
    ],
    ["with random counts", () => overwrite(2, randomBytes(clusterBytes)), /is damaged/],
    ["with random tables", () => overwrite(4, randomBytes(clusterBytes)), /is damaged/],
    ["without its tables", () => truncate(path, 2 * clusterBytes), /is damaged/],
    [
      "of a later version",
      () => overwrite(0, Buffer.from("QFI\xfb\0\0\0\x09", "latin1")),
      /can't be used: Unsupported qcow2 version 9\./,
    ],
    [
      "with a header of zeros",
      () => overwrite(0, Buffer.alloc(512)),
      /can't be used: Image is not in qcow2 format\./,
    ],
    [
      "that is a text",
      () => writeFile(path, "version https://git-lfs\n"),
      /can't be used: Image is not/,
    ],
  ])("refuses a disk %s", async (_, damage, message) => {
    await damage();
    await expect(check()).rejects.toThrow(message);
  });
});
