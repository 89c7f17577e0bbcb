import { describe, expect, test } from "vitest";
import { isZeros } from "./blank.ts";

const sizeBytes = 512 * 1024 * 1024;

/** A disk of zeros with one other byte. */
function isZerosWithByteAt(offset: number): boolean {
  return isZeros(sizeBytes, (from, length) => {
    const bytes = new Uint8Array(length);
    if (offset >= from && offset < from + length) {
      bytes[offset - from] = 1;
    }
    return bytes;
  });
}

describe("a disk is zeros", () => {
  test("when nothing else was seen", () => {
    expect(isZerosWithByteAt(-1)).toBe(true);
  });

  test.each([0, 511, 1024 * 1024 - 1, sizeBytes - 1024 * 1024, sizeBytes - 1])(
    "but not with another byte at %i",
    (offset) => {
      expect(isZerosWithByteAt(offset)).toBe(false);
    },
  );

  test("but not when a filesystem's data lie in the middle of it", () => {
    const dense = isZeros(sizeBytes, (from, length) =>
      new Uint8Array(length).fill(from > sizeBytes / 4 && from < sizeBytes / 2 ? 9 : 0),
    );
    expect(dense).toBe(false);
  });

  test.each([0, 4096, 1024 * 1024])("also when it has %i bytes", (size) => {
    expect(isZeros(size, (_, length) => new Uint8Array(length))).toBe(true);
  });

  test("is not said of one that can't be read", () => {
    const read = () => {
      throw new Error("EIO");
    };
    expect(() => isZeros(sizeBytes, read)).toThrow("EIO");
  });
});
