import { expect, test } from "vitest";
import { parseBootLog, readBootLog } from "./boot-log.ts";

test("stages, keys and readiness are read", () => {
  const text = "stage cgroups ok 12\nstage automount failed 340\nhostkey ssh-ed25519 AAAA\nready\n";
  expect(parseBootLog(text)).toEqual({
    stages: [
      { name: "cgroups", result: "ok", durationMs: 12 },
      { name: "automount", result: "failed", durationMs: 340 },
    ],
    hostKeys: ["ssh-ed25519 AAAA"],
    readyCount: 1,
  });
});

test("a guest that booted twice was ready twice", () => {
  expect(parseBootLog("ready\nstage a ok 1\nready\n").readyCount).toBe(2);
});

test.each([
  ["a line that isn't finished", "stage a ok 1"],
  ["ready that isn't finished", "ready"],
  ["ready with more", "ready?\n"],
  ["an unknown result", "stage a perhaps 1\n"],
  ["a time that is none", "stage a ok soon\n"],
  ["an escape sequence in a name", "stage \u001b[31ma ok 1\n"],
  ["a key with a second line's worth", "hostkey ssh-ed25519 AAAA evil.example\n"],
  ["something else", "hello\n"],
])("%s is left alone", (_, text) => {
  expect(parseBootLog(text)).toEqual({ stages: [], hostKeys: [], readyCount: 0 });
});

test("where there is no file nothing was said", async () => {
  expect((await readBootLog("/nonexistent/boot.log")).readyCount).toBe(0);
});
