import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import {
  descriptorBytes,
  descriptorsOffset,
  firstCopy,
  superblockBytes,
  superblockOffset,
} from "./ext4.ts";
import { isOwnCopy, withMendedChecksum } from "./torn-superblock.ts";

const folder = mkdtempSync(join(tmpdir(), "automount-torn-"));
afterAll(() => rmSync(folder, { recursive: true }));

const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin`, LC_ALL: "C" };
const path = join(folder, "image");
const half = superblockBytes / 2;

/** Gives the exit status. */
function run(program: string, ...words: string[]): number {
  try {
    execFileSync(program, words, { env, stdio: "pipe" });
    return 0;
  } catch (error) {
    if (error instanceof Error && "status" in error) {
      return Number(error.status);
    }
    throw error;
  }
}

function made(...options: string[]): void {
  writeFileSync(path, "");
  truncateSync(path, 32 * 2 ** 20);
  expect(run("mkfs.ext4", "-q", "-F", "-b", "1024", ...options, path)).toBe(0);
}

const { block, blockBytes } = firstCopy({ blockBytes: 1024 });
const superblockOf = (image: Buffer) =>
  image.subarray(superblockOffset, superblockOffset + superblockBytes);
const copyAt = (image: Buffer) =>
  image.subarray(block * blockBytes, block * blockBytes + superblockBytes);
const copyOf = (image: Buffer) => ({ is: "copy", superblock: copyAt(image) }) as const;
const descriptorAt = (image: Buffer) =>
  image.subarray(descriptorsOffset(4096), descriptorsOffset(4096) + descriptorBytes);
const descriptorOf = (image: Buffer) => ({ is: "descriptor", bytes: descriptorAt(image) }) as const;

/** The filesystem before and after a change of its superblock, and with one half of each. */
function torn(change: string): { image: Buffer; lost: "first" | "second" }[] {
  const before = readFileSync(path);
  expect(run("debugfs", "-w", "-R", change, path)).toBe(0);
  const after = readFileSync(path);
  return (["first", "second"] as const).map((lost) => {
    const image = Buffer.from(after);
    const from = superblockOffset + (lost === "first" ? 0 : half);
    before.copy(image, from, from, from + half);
    return { image, lost };
  });
}

describe("a superblock of which a power cut left one half", () => {
  test("is sound again with the checksum of its bytes, whichever half it is (accident 14)", () => {
    made("-L", "boot2podman-data");
    for (const { image } of torn("set_super_value mtime 20260101")) {
      writeFileSync(path, image);
      expect(run("e2fsck", "-p", path)).toBe(8);
      const mended = withMendedChecksum(superblockOf(image), copyOf(image));
      expect(mended?.subarray(0, half)).toEqual(
        Uint8Array.from(superblockOf(image).subarray(0, half)),
      );
      image.set(mended ?? [], superblockOffset);
      writeFileSync(path, image);
      expect(run("e2fsck", "-p", path)).toBe(0);
    }
  });

  test("is mended by a copy that is torn as well", () => {
    made();
    const [{ image } = { image: Buffer.alloc(0) }] = torn("set_super_value mtime 20260101");
    copyAt(image).fill(0xff, 0x3fc, 0x400);
    expect(withMendedChecksum(superblockOf(image), copyOf(image))).toBeDefined();
  });

  test.each([
    ["a sound one", (_image: Buffer) => undefined],
    [
      "one of another filesystem than its copy",
      (image: Buffer) => copyAt(image).fill(7, 0x68, 0x78),
    ],
    [
      "one with another geometry than its copy",
      (image: Buffer) => superblockOf(image).fill(9, 0x28, 0x29),
    ],
    [
      "one with a feature that its copy lacks",
      (image: Buffer) => superblockOf(image).fill(0xff, 0x61, 0x62),
    ],
    ["zeros", (image: Buffer) => superblockOf(image).fill(0)],
  ])("%s is left as it is", (_, change) => {
    made();
    const image = readFileSync(path);
    change(image);
    expect(withMendedChecksum(superblockOf(image), copyOf(image))).toBeUndefined();
  });

  test("one without checksums can't be torn in a way that counts", () => {
    made("-O", "^metadata_csum");
    const [{ image } = { image: Buffer.alloc(0) }] = torn("set_super_value mtime 20260101");
    expect(withMendedChecksum(superblockOf(image), copyOf(image))).toBeUndefined();
  });

  test.each([
    ["", []],
    ["of 32 bits", ["-O", "^64bit"]],
    ["with a checksum seed of its own", ["-O", "metadata_csum_seed"]],
  ])(
    "of a filesystem %s without copies is mended, since the one group bears it out",
    (_, options) => {
      made("-b", "4096", ...options);
      for (const { image } of torn("set_super_value mtime 20260101")) {
        writeFileSync(path, image);
        expect(run("e2fsck", "-p", path)).toBe(8);
        const mended = withMendedChecksum(superblockOf(image), descriptorOf(image));
        image.set(mended ?? [], superblockOffset);
        writeFileSync(path, image);
        expect(run("e2fsck", "-fp", path)).toBe(0);
      }
    },
  );

  test.each([
    ["a group of another filesystem", (image: Buffer) => superblockOf(image).fill(7, 0x68, 0x78)],
    ["a group that is damaged", (image: Buffer) => descriptorAt(image).fill(7, 0x0c, 0x0e)],
    ["zeros", (image: Buffer) => descriptorAt(image).fill(0)],
    ["a group of another size", (image: Buffer) => superblockOf(image).fill(0x20, 0xfe, 0xff)],
    ["a group of a senseless size", (image: Buffer) => superblockOf(image).fill(0xff, 0xfe, 0x100)],
  ])("before %s is left as it is", (_, change) => {
    made("-b", "4096");
    const [{ image } = { image: Buffer.alloc(0) }] = torn("set_super_value mtime 20260101");
    change(image);
    expect(withMendedChecksum(superblockOf(image), descriptorOf(image))).toBeUndefined();
  });
});

describe("what lies where a superblock's copy belongs", () => {
  const descriptor = (image: Buffer) =>
    image.subarray(descriptorsOffset(1024), descriptorsOffset(1024) + descriptorBytes);

  test.each<[string, (image: Buffer) => unknown, boolean]>([
    ["of the same UUID is its copy", () => undefined, true],
    [
      "of the same UUID is its copy, also beside a damaged group",
      (image) => descriptor(image).fill(0),
      true,
    ],
    [
      "that the first group bears out is its copy, where the superblock's own UUID is damaged",
      (image) => superblockOf(image).fill(7, 0x68, 0x78),
      true,
    ],
    [
      "of a UUID that nothing else has is another filesystem's",
      (image) => copyAt(image).fill(7, 0x68, 0x78),
      false,
    ],
  ])("%s", (_, change, expected) => {
    made();
    const image = readFileSync(path);
    change(image);
    expect(isOwnCopy(superblockOf(image), copyAt(image), descriptor(image))).toBe(expected);
  });

  test("that an earlier filesystem left, is never that of the new one", () => {
    made();
    const before = copyAt(readFileSync(path));
    made();
    const image = readFileSync(path);
    expect(isOwnCopy(superblockOf(image), before, descriptor(image))).toBe(false);
  });
});
