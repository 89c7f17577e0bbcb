import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, it } from "vitest";
import { type BuildStep, runBuildStep } from "./build-step.ts";

let cacheDir: string;
let made: number;
let said: string[];
const say = { line: (text: string) => said.push(text) };
beforeEach(() => {
  cacheDir = mkdtempSync(join(tmpdir(), "step-"));
  made = 0;
  said = [];
});

const step = (inputs: unknown): BuildStep => ({ name: "s", cacheDir, inputs, code: ["cache"] });
const make = async (folder: string) => {
  made++;
  writeFileSync(join(folder, "output"), String(made));
};

it("runs once for the same inputs and gives the same output again", async () => {
  const first = await runBuildStep(step({ a: 1 }), make, say);
  const second = await runBuildStep(step({ a: 1 }), make, say);
  expect(second).toBe(first);
  expect(made).toBe(1);
  expect(readFileSync(join(second, "output"), "utf8")).toBe("1");
});

it("makes an output again that isn't what was written, and says so", async () => {
  const folder = await runBuildStep(step({ a: 1 }), make, say);
  writeFileSync(join(folder, "output"), "changed");
  await runBuildStep(step({ a: 1 }), make, say);
  expect(readFileSync(join(folder, "output"), "utf8")).toBe("2");
  writeFileSync(join(folder, "added"), "");
  await runBuildStep(step({ a: 1 }), make, say);
  expect(readdirSync(folder)).toEqual(["output"]);
  expect(said.join("\n")).toMatch(/has changed since it was written: making it again\n.*again/);
});

it("runs again for other inputs", async () => {
  await runBuildStep(step({ a: 1 }), make, say);
  await runBuildStep(step({ a: 2 }), make, say);
  expect(made).toBe(2);
});

it("leaves no output when it fails, and runs again the next time", async () => {
  const failing = runBuildStep(step(1), async (folder) => {
    writeFileSync(join(folder, "half"), "");
    throw new Error("no");
  });
  await expect(failing).rejects.toThrow("no");
  expect(readdirSync(join(cacheDir, "steps", "s"))).toEqual([]);
  const folder = await runBuildStep(step(1), make, say);
  expect(readdirSync(folder)).toEqual(["output"]);
});

it("keeps a few outputs to switch back to and forgets the oldest", async () => {
  const first = await runBuildStep(step(0), make, say);
  for (let input = 1; input <= 8; input++) {
    await runBuildStep(step(input), make, say);
  }
  expect(existsSync(first)).toBe(false);
  expect(readdirSync(join(cacheDir, "steps", "s")).length).toBeLessThan(8);
});
