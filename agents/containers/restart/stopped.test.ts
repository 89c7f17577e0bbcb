import { describe, expect, test } from "vitest";
import { FakeKernel } from "../../kernel/fake-kernel.testing.ts";
import { keepStopped, readStopped, sayGoingOff } from "./stopped.ts";

const root = { name: "root", uid: 0, gid: 0, home: "/root" };
const tc = { name: "tc", uid: 1000, gid: 50, home: "/home/tc" };
const id = (letter: string) => letter.repeat(64);
const path = "/var/lib/boot2podman/stopped-containers";

function machine() {
  const kernel = new FakeKernel()
    .lay({ "/var/lib/boot2podman": null, "/run/boot2podman": null })
    .onRun("sync");
  let kept = keepStopped(kernel);
  const tell = async (letter: string, statuses: readonly string[], owner = root) => {
    for (const status of statuses) {
      kept.take(owner, [{ id: id(letter), name: letter, status }]);
    }
    await new Promise((resolve) => setTimeout(resolve, 300));
  };
  const restart = () => {
    kept = keepStopped(kernel);
  };
  return { kernel, tell, restart };
}

describe("what was stopped", () => {
  // As Podman 5.4.2 was seen to tell of each.
  test.each([
    ["podman stop", ["init", "start", "died", "cleanup"], true],
    [
      "podman stop between two tries",
      ["start", "died", "restart", "stop", "died", "cleanup"],
      true,
    ],
    ["podman kill", ["start", "kill", "died", "cleanup"], true],
    ["podman kill --signal HUP", ["start", "kill"], false],
    ["podman start, after a stop", ["died", "cleanup", "init", "start"], false],
    ["podman restart", ["start", "restart", "died", "init", "start"], false],
    ["an end that the policy answers", ["start", "died", "restart", "init", "start"], false],
    ["the same, where the plug is pulled meanwhile", ["start", "died"], false],
    ["the same, where the new start fails", ["start", "died", "restart", "cleanup"], false],
    ["podman run --rm", ["start", "died", "cleanup", "remove"], false],
  ])("%s", async (_, statuses, expected) => {
    const { kernel, tell } = machine();
    await tell("a", statuses);
    expect(readStopped(kernel, root)).toEqual(new Set(expected ? [id("a")] : []));
  });

  test("is on the disk before it has its name, root's apart from the user's, and outlasts the boot", async () => {
    const { kernel, tell, restart } = machine();
    await tell("a", ["died", "cleanup"]);
    const runs = kernel.runs.map(({ argv }) => argv.join(" "));
    expect(runs).toEqual([`sync ${path}.new`, "sync /var/lib/boot2podman"]);
    restart();
    await tell("b", ["died", "cleanup"], tc);
    expect(readStopped(kernel, root)).toEqual(new Set([id("a")]));
    expect(readStopped(kernel, tc)).toEqual(new Set([id("b")]));
  });

  test("isn't what stops because the machine goes off", async () => {
    const { kernel, tell } = machine();
    await tell("a", ["died", "cleanup"]);
    sayGoingOff(kernel);
    await tell("b", ["died", "cleanup"]);
    expect(readStopped(kernel, root)).toEqual(new Set([id("a")]));
  });

  test("may be any file: what is no line of it is left out, and a link isn't followed", () => {
    const { kernel } = machine();
    kernel.lay({ [path]: `0 ${id("a")}\n0 ../x\n${id("b")}\n\0\n` });
    expect(readStopped(kernel, root)).toEqual(new Set([id("a")]));
    kernel.lay({ "/x": `0 ${id("c")}\n` });
    kernel.unlink(path);
    kernel.symlink("/x", path);
    expect(() => readStopped(kernel, root)).toThrow("ELOOP");
  });

  test("that can't be written is said", async () => {
    const { kernel, tell } = machine();
    kernel.failOn("rename", `${path}.new`, "EROFS", 1);
    await tell("a", ["died", "cleanup"]);
    expect(kernel.kernelLog.join()).toContain("can't be written");
  });
});
