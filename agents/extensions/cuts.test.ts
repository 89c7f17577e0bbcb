import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { FakeKernel } from "../kernel/fake-kernel.testing.ts";
import { runExtension } from "./command.ts";
import { listKept, readOnboot, textOf } from "./library.ts";
import { onbootPath, optionalFolder, tceFolder } from "./places.ts";

const sumOf = (text: string) => createHash("sha256").update(text).digest("hex");
const contents: Record<string, string> = { "1.0": "the old one", "2.0": "the new one, longer" };
const fileOf = (version: string) => `hello-${version}-x86-64.raw`;

class PowerCutError extends Error {}

/**
 * A machine whose power goes before its change number `cutAt`. What was written and not flushed is lost then: the file
 * is empty, under whatever name.
 */
function machine(cutAt: number) {
  const kernel = new FakeKernel().lay({
    "/run/boot2podman": null,
    [optionalFolder]: null,
    [`${tceFolder}/tcemirror`]: "/mirror\n",
    [onbootPath]: "hello\nother\n",
    "/mirror/SHA256SUMS": `${sumOf(contents["2.0"] ?? "")}  ${fileOf("2.0")}\n${sumOf("other\n")}  ${fileOf("2.0")}.dep\n`,
    [`/mirror/${fileOf("2.0")}`]: contents["2.0"] ?? "",
    [`/mirror/${fileOf("2.0")}.dep`]: "other\n",
  });
  kernel.onRun("sha256sum", ([, path = ""]) => ({
    stdout: `${sumOf(textOf(kernel, path) ?? "")}  ${path}\n`,
  }));
  const unflushed = new Set<string>();
  let left = cutAt;
  const push = kernel.journal.push.bind(kernel.journal);
  kernel.journal.push = (...lines) => {
    if (left <= 0) {
      throw new PowerCutError();
    }
    left -= 1;
    const [operation, path = "", to = ""] = lines[0]?.split(" ") ?? [];
    if (operation === "writePlain" || operation === "append") {
      unflushed.add(path);
    } else if (operation === "fsync" || operation === "writeAtomic") {
      unflushed.delete(path);
    } else if (operation === "rename" && unflushed.delete(path)) {
      unflushed.add(to);
    }
    return push(...lines);
  };
  const out: string[] = [];
  const terminal = { out: (line: string) => out.push(line), err: (line: string) => out.push(line) };
  const downloads = { download: () => Promise.reject(new Error("no network")) };
  const run = (words: string) =>
    runExtension(words.split(" "), { kernel, downloads, say: () => undefined }, terminal);
  return {
    kernel,
    run,
    /** The next boot: the power is back, and what wasn't flushed is not. */
    bootAgain(): void {
      left = Number.POSITIVE_INFINITY;
      for (const path of unflushed) {
        if (kernel.exists(path)) {
          kernel.lay({ [path]: "" });
        }
      }
      unflushed.clear();
      kernel.lay({ "/run/boot2podman/extensions": null });
    },
    hasCut: () => left <= 0,
  };
}

function expectWhole(kernel: FakeKernel, isThereBefore: boolean): void {
  const kept = listKept(kernel).get("hello");
  if (kept === undefined) {
    expect(isThereBefore).toBe(false);
    return;
  }
  expect(textOf(kernel, kept.path)).toBe(contents[kept.version]);
  const sum = textOf(kernel, `${kept.path}.sha256`)?.slice(0, 64);
  expect(sum ?? sumOf(contents[kept.version] ?? "")).toBe(sumOf(contents[kept.version] ?? ""));
  expect(kept.needs).toEqual(kept.version === "2.0" ? ["other"] : []);
}

describe.each([
  ["an update", "update", true],
  ["bringing one", "add hello", false],
])("the power goes during %s", (_, words, isThereBefore) => {
  test("after any write: what is listed is whole, and the same command ends the work", async () => {
    for (let cutAt = 0; ; cutAt += 1) {
      expect(cutAt).toBeLessThan(200);
      const { kernel, run, bootAgain, hasCut } = machine(cutAt);
      if (isThereBefore) {
        kernel.lay({
          [`${optionalFolder}/${fileOf("1.0")}`]: contents["1.0"] ?? "",
          [`${optionalFolder}/${fileOf("1.0")}.sha256`]: `${sumOf(contents["1.0"] ?? "")}  x\n`,
        });
      }
      await run(words).catch(() => undefined);
      if (!hasCut()) {
        expect(cutAt).toBeGreaterThan(5);
        break;
      }
      bootAgain();
      expectWhole(kernel, isThereBefore);
      expect(readOnboot(kernel).names).toEqual(["hello", "other"]);
      await run(words).catch(() => undefined);
      expectWhole(kernel, true);
      expect(kernel.list(optionalFolder as `/run/${string}`)).toEqual([
        fileOf("2.0"),
        `${fileOf("2.0")}.dep`,
        `${fileOf("2.0")}.sha256`,
      ]);
    }
  });
});
