import { expect, test } from "vitest";
import { meminfoBytes } from "./meminfo.ts";

test("reads a field of meminfo, and 0 where it is missing", () => {
  const text = "MemTotal:  1000 kB\nMemAvailable:     755 kB\n";
  expect(meminfoBytes(text, "MemAvailable")).toBe(755 * 1024);
  expect(meminfoBytes(text, "Available")).toBe(0);
});
