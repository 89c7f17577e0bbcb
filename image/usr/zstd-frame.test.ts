import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { zstdCompressor } from "./blocks.ts";
import { endedByContent } from "./zstd-frame.ts";

const largestBlockBytes = 128 * 1024;

/** Compressible, and nowhere the same for long. */
function text(sizeBytes: number): Buffer {
  const lines = Array.from({ length: sizeBytes / 8 }, (_, index) => `line ${index * 7919}\n`);
  return Buffer.from(lines.join("")).subarray(0, sizeBytes);
}

function streamed(bytes: Buffer): Buffer {
  return execFileSync("zstd", ["-cq", "--no-check", `--stream-size=${bytes.length}`], {
    input: bytes,
  });
}

function uncompressed(frame: Buffer): Buffer {
  return execFileSync("zstd", ["-dcq"], { input: frame, maxBuffer: 1 << 24 });
}

const emptyEnd = Buffer.from([1, 0, 0]);

describe("the end of a zstd frame", () => {
  it("is content after whole blocks, as Linux's squashfs needs it", () => {
    const bytes = text(2 * largestBlockBytes);
    const frame = streamed(bytes);
    expect(frame.subarray(-3)).toEqual(emptyEnd);
    const ended = endedByContent(frame);
    expect(ended.length).toBe(frame.length - 3);
    expect(uncompressed(ended).equals(bytes)).toBe(true);
    expect(endedByContent(ended)).toBe(ended);
  });

  it.each([1, 3, 8])("is content after %i whole blocks however they came", (count) => {
    const bytes = text(count * largestBlockBytes);
    const ended = endedByContent(streamed(bytes));
    expect(ended.subarray(-3)).not.toEqual(emptyEnd);
    expect(uncompressed(ended).equals(bytes)).toBe(true);
  });

  it.each([1, 100, 5000, largestBlockBytes - 1, largestBlockBytes + 1])(
    "stays as it is after %i bytes, which end within a block",
    (sizeBytes) => {
      const bytes = text(sizeBytes + 16).subarray(0, sizeBytes);
      const frame = streamed(bytes);
      expect(endedByContent(frame)).toBe(frame);
    },
  );

  it("stays as it is when the only block is empty", () => {
    const frame = Buffer.from("28b52ffd2000010000", "hex");
    expect(endedByContent(frame)).toBe(frame);
    expect(uncompressed(frame).length).toBe(0);
  });

  it("is one repeated byte where the block is", () => {
    const bytes = Buffer.alloc(2 * largestBlockBytes, 7);
    const ended = endedByContent(streamed(bytes));
    expect(uncompressed(ended).equals(bytes)).toBe(true);
  });

  it("is content in each block that an image is made of", async () => {
    for (const level of [1, 3, 19]) {
      const bytes = text(2 * largestBlockBytes);
      const frame = await zstdCompressor(level)(bytes);
      expect(endedByContent(frame)).toBe(frame);
      expect(uncompressed(frame).equals(bytes)).toBe(true);
    }
  });

  it.each([
    ["no zstd at all", Buffer.from("hsqs and more"), "not a zstd frame"],
    [
      "a checksum",
      execFileSync("zstd", ["-cq", "--check"], { input: "abc" }),
      "a zstd frame has a checksum or a dictionary",
    ],
    ["cut off", streamed(text(5000)).subarray(0, 7), "ends within a block"],
    ["cut off in a block", streamed(text(5000)).subarray(0, 200), "ends at"],
    ["followed by more", Buffer.concat([streamed(text(5000)), emptyEnd]), "ends at"],
    ["a block of a reserved type", Buffer.from("28b52ffd2000070000", "hex"), "no known type"],
  ])("is refused when it is %s", (_, frame, message) => {
    expect(() => endedByContent(frame)).toThrow(message);
  });
});
