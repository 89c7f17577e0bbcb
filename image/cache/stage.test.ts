import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, it } from "vitest";
import { runStage, type Stage } from "./stage.ts";

let cacheDir: string;
let made: number;
let said: string[];
const say = { line: (text: string) => said.push(text) };
beforeEach(() => {
  cacheDir = mkdtempSync(join(tmpdir(), "stage-"));
  made = 0;
  said = [];
});

const stage = (inputs: unknown): Stage => ({ name: "s", cacheDir, inputs, code: ["cache"] });
const make = async (folder: string) => {
  made++;
  writeFileSync(join(folder, "output"), String(made));
};

it("runs once for the same inputs and gives the same output again", async () => {
  const first = await runStage(stage({ a: 1 }), make, say);
  const second = await runStage(stage({ a: 1 }), make, say);
  expect(second).toBe(first);
  expect(made).toBe(1);
  expect(readFileSync(join(second, "output"), "utf8")).toBe("1");
});

it("makes an output again that isn't what was written, and says so", async () => {
  const folder = await runStage(stage({ a: 1 }), make, say);
  writeFileSync(join(folder, "output"), "changed");
  await runStage(stage({ a: 1 }), make, say);
  expect(readFileSync(join(folder, "output"), "utf8")).toBe("2");
  writeFileSync(join(folder, "added"), "");
  await runStage(stage({ a: 1 }), make, say);
  expect(readdirSync(folder)).toEqual(["output"]);
  expect(said.join("\n")).toMatch(/has changed since it was written: making it again\n.*again/);
});

it("runs again for other inputs", async () => {
  await runStage(stage({ a: 1 }), make, say);
  await runStage(stage({ a: 2 }), make, say);
  expect(made).toBe(2);
});

it("leaves no output when it fails, and runs again the next time", async () => {
  const failing = runStage(stage(1), async (folder) => {
    writeFileSync(join(folder, "half"), "");
    throw new Error("no");
  });
  await expect(failing).rejects.toThrow("no");
  expect(readdirSync(join(cacheDir, "stages", "s"))).toEqual([]);
  const folder = await runStage(stage(1), make, say);
  expect(readdirSync(folder)).toEqual(["output"]);
});

it("keeps a few outputs to switch back to and forgets the oldest", async () => {
  const first = await runStage(stage(0), make, say);
  for (let input = 1; input <= 8; input++) {
    await runStage(stage(input), make, say);
  }
  expect(existsSync(first)).toBe(false);
  expect(readdirSync(join(cacheDir, "stages", "s")).length).toBeLessThan(8);
});
