import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, it } from "vitest";
import { replaceFolder } from "./replace-folder.ts";

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "partial-"));
});

it("puts a filled folder in the place of the old one", async () => {
  mkdirSync(join(home, "dist"));
  writeFileSync(join(home, "dist", "old"), "");
  await replaceFolder(join(home, "dist"), async (folder) => {
    writeFileSync(join(folder, "new"), "1");
  });
  expect(readdirSync(join(home, "dist"))).toEqual(["new"]);
  expect(readdirSync(home)).toEqual(["dist"]);
});

it("leaves the old folder untouched, and nothing beside it, when filling fails", async () => {
  mkdirSync(join(home, "dist"));
  writeFileSync(join(home, "dist", "old"), "kept");
  const filling = replaceFolder(join(home, "dist"), async (folder) => {
    writeFileSync(join(folder, "half"), "");
    throw new Error("disk full");
  });
  await expect(filling).rejects.toThrow("disk full");
  expect(readFileSync(join(home, "dist", "old"), "utf8")).toBe("kept");
  expect(readdirSync(home)).toEqual(["dist"]);
});

it("removes what a process that is no more left unfinished, but not a running one's", async () => {
  const gone = join(home, "dist.partial-4194399");
  const running = join(home, `dist.partial-${process.ppid}`);
  mkdirSync(gone);
  mkdirSync(running);
  await replaceFolder(join(home, "dist"), async () => undefined);
  expect(existsSync(gone)).toBe(false);
  expect(existsSync(running)).toBe(true);
});
