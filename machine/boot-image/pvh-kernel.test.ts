import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bzImageOf, compressed, madeBzImage, madeKernel } from "./pvh-kernel.testing.ts";
import { pvhKernel } from "./pvh-kernel.ts";

const compressions = ["gzip", "xz", "zstd"] as const;
const kernel = madeKernel();

describe.each(compressions)("a bzImage with %s", (compression) => {
  const stream = compressed(kernel, compression);
  const whole = madeBzImage(stream, compression, kernel.length);

  test("gives the kernel that is in it", async () => {
    expect((await pvhKernel(whole))?.equals(kernel)).toBe(true);
  });

  test("that is damaged gives none", async () => {
    const damaged = Buffer.from(whole);
    const middle = whole.indexOf(stream) + Math.floor(stream.length / 2);
    damaged.fill(0xff, middle, middle + 8);
    expect(await pvhKernel(damaged)).toBeUndefined();
  });

  test("that ends early gives none", async () => {
    expect(await pvhKernel(whole.subarray(0, whole.indexOf(stream) + 50))).toBeUndefined();
    const short = madeBzImage(stream.subarray(0, -20), compression, kernel.length);
    expect(await pvhKernel(short)).toBeUndefined();
  });
});

test.each(["xz", "zstd"] as const)(
  "a kernel of %s that is larger or smaller than is said is none",
  async (compression) => {
    const stream = compressed(kernel, compression);
    for (const sizeBytes of [kernel.length - 1, kernel.length + 1, 0, 0xffffffff]) {
      expect(await pvhKernel(madeBzImage(stream, compression, sizeBytes))).toBeUndefined();
    }
  },
);

test("a stream that never ends is given up at the size that was said", async () => {
  const bomb = compressed(Buffer.alloc(64 * 1024 * 1024), "zstd");
  expect(await pvhKernel(madeBzImage(bomb, "zstd", 4096))).toBeUndefined();
});

/** Changes one number of the header. */
function changed(at: number, value: number): Buffer {
  const bytes = bzImageOf(kernel);
  bytes.writeUInt32LE(value >>> 0, at);
  return bytes;
}

test.each([
  ["nothing", Buffer.alloc(0)],
  ["no bzImage", Buffer.alloc(100_000, "text")],
  ["another magic", changed(0x202, 0)],
  ["a protocol before the payload was described", changed(0x206, 0x0207)],
  ["a payload that begins behind the end", changed(0x248, 0xffffffff)],
  ["a payload that begins elsewhere", changed(0x248, 101)],
  ["a payload that is longer than the file", changed(0x24c, 0xffffffff)],
  ["an empty payload", changed(0x24c, 0)],
  ["a kernel that is no ELF", bzImageOf(Buffer.alloc(4096, "text"))],
  ["a kernel without an entry", bzImageOf(madeKernel({ type: 17 }))],
  ["an entry of somebody else", bzImageOf(madeKernel({ name: "Zen\0" }))],
  ["an entry outside of the kernel", bzImageOf(madeKernel({ entry: 0x1001000 }))],
])("%s gives no kernel", async (_, bytes) => {
  expect(await pvhKernel(bytes)).toBeUndefined();
});

test("whatever bytes are changed, it is a kernel or none, and no error", async () => {
  const position = fc.nat({ max: 64 + 2 * 56 + 48 });
  const changes = fc.array(fc.tuple(position, fc.nat({ max: 255 })), { minLength: 1 });
  await fc.assert(
    fc.asyncProperty(changes, fc.boolean(), async (bytes, isInHeader) => {
      const elf = Buffer.from(kernel);
      for (const [at, value] of isInHeader ? [] : bytes) {
        elf.writeUInt8(value, at);
      }
      const bzImage = bzImageOf(elf);
      for (const [at, value] of isInHeader ? bytes : []) {
        bzImage.writeUInt8(value, 0x1f0 + at);
      }
      const found = await pvhKernel(bzImage);
      expect(found === undefined || found.equals(elf)).toBe(true);
    }),
  );
});
