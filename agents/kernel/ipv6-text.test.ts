import { expect, test } from "vitest";
import { ipv6Text } from "./ipv6-text.ts";

test.each([
  ["00000000000000000000000000000000", "::"],
  ["00000000000000000000000000000001", "::1"],
  ["fe80000000000000505400fffe123456", "fe80::5054:ff:fe12:3456"],
  ["20010db8000000010001000100010001", "2001:db8:0:1:1:1:1:1"],
  ["20010000000000010000000000000001", "2001:0:0:1::1"],
])("%s is written %s", (hex, text) => {
  expect(ipv6Text(Buffer.from(hex, "hex"))).toBe(text);
});
