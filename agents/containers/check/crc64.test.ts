import { expect, test } from "vitest";
import { Crc64 } from "./crc64.ts";

// The sums of ISO 3309 with all bits set before and after, calculated bit by bit.
test.each([
  ["", "0000000000000000"],
  ["a", "3420000000000000"],
  ["ab", "36c4200000000000"],
  ["abc", "3776c42000000000"],
  ["abcdefghij", "7f5b6e21b002d367"],
])("the sum of %j is %s", (text, hex) => {
  const crc = new Crc64();
  crc.update(Buffer.from(text));
  expect(Buffer.from(crc.digest(), "base64").toString("hex")).toBe(hex);
});

test("content that comes in parts has the same sum", () => {
  const content = Buffer.from("and now for something completely different".repeat(99));
  const [whole, parts] = [new Crc64(), new Crc64()];
  whole.update(content);
  for (let at = 0; at < content.length; at += 100) {
    parts.update(content.subarray(at, at + 100));
  }
  expect(parts.digest()).toBe(whole.digest());
});
