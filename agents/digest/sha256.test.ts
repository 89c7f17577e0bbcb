import { expect, test } from "vitest";
import { sha256 } from "./sha256.ts";

test('the digest of the standard\'s example comes out (FIPS 180-4, "abc")', () => {
  const digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  expect(sha256(Buffer.from("abc")).toString("hex")).toBe(digest);
});
