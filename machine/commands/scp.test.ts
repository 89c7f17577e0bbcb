import { expect, test } from "vitest";
import { machineIn, rsyncCommand, scpCommand } from "./scp.ts";

test.each([
  ["box:/tmp/f", "box"],
  ["root@box:f", "box"],
  ["box:", "box"],
  ["/tmp/a:b", undefined],
  ["./a:b", undefined],
  ["file", undefined],
  ["a@b", undefined],
])("%s is on the machine %s", (place, name) => {
  expect(machineIn(place)).toBe(name);
});

const flags = { recursive: true, delta: false, quiet: true };

test("scp goes through this host, with the machines' config", () => {
  expect(scpCommand("/c", "a:/f", "b:/f", flags)).toEqual({
    file: "scp",
    args: ["-3", "-F", "/c", "-r", "-q", "--", "a:/f", "b:/f"],
  });
});

test("rsync goes over the same ssh", () => {
  expect(rsyncCommand("/my c", "f", "box:/f", { ...flags, quiet: false })).toEqual({
    file: "rsync",
    args: ["-e", "ssh -F '/my c'", "-tp", "-r", "-l", "--progress", "--", "f", "box:/f"],
  });
});
