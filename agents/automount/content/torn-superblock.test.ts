import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { firstCopy, superblockBytes, superblockOffset } from "./ext4.ts";
import { withMendedChecksum } from "./torn-superblock.ts";

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
const copyOf = (image: Buffer) =>
  image.subarray(block * blockBytes, block * blockBytes + superblockBytes);

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
    copyOf(image).fill(0xff, 0x3fc, 0x400);
    expect(withMendedChecksum(superblockOf(image), copyOf(image))).toBeDefined();
  });

  test.each([
    ["a sound one", (_image: Buffer) => undefined],
    [
      "one of another filesystem than its copy",
      (image: Buffer) => copyOf(image).fill(7, 0x68, 0x78),
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
});
