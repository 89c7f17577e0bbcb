import { crc32 as zlibCrc32 } from "node:zlib";
import fc from "fast-check";
import { expect, test } from "vitest";
import { crc32 } from "./crc32.ts";

test("the check value of CRC-32 comes out", () => {
  expect(crc32(Buffer.from("123456789"))).toBe(0xcbf43926);
});

test("zlib finds the same for any bytes", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => crc32(bytes) === zlibCrc32(bytes)),
  );
});
