import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, it } from "vitest";
import { runStage, type Stage } from "./stage.ts";

let cacheDir: string;
let made: number;
beforeEach(() => {
  cacheDir = mkdtempSync(join(tmpdir(), "stage-"));
  made = 0;
});

const stage = (inputs: unknown): Stage => ({ name: "s", cacheDir, inputs, code: ["cache"] });
const make = async (folder: string) => {
  made++;
  writeFileSync(join(folder, "output"), String(made));
};

it("runs once for the same inputs and gives the same output again", async () => {
  const first = await runStage(stage({ a: 1 }), make);
  const second = await runStage(stage({ a: 1 }), make);
  expect(second).toBe(first);
  expect(made).toBe(1);
  expect(readFileSync(join(second, "output"), "utf8")).toBe("1");
});

it("runs again for other inputs", async () => {
  await runStage(stage({ a: 1 }), make);
  await runStage(stage({ a: 2 }), make);
  expect(made).toBe(2);
});

it("leaves no output when it fails, and runs again the next time", async () => {
  const failing = runStage(stage(1), async (folder) => {
    writeFileSync(join(folder, "half"), "");
    throw new Error("no");
  });
  await expect(failing).rejects.toThrow("no");
  expect(readdirSync(join(cacheDir, "stages", "s"))).toEqual([]);
  const folder = await runStage(stage(1), make);
  expect(readdirSync(folder)).toEqual(["output"]);
});

it("keeps a few outputs to switch back to and forgets the oldest", async () => {
  const first = await runStage(stage(0), make);
  for (let input = 1; input <= 8; input++) {
    await runStage(stage(input), make);
  }
  expect(existsSync(first)).toBe(false);
  expect(readdirSync(join(cacheDir, "stages", "s")).length).toBeLessThan(8);
});
