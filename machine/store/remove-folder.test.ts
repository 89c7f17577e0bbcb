import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { removeFolder } from "./remove-folder.ts";

let place: string;
let folder: string;

beforeEach(async () => {
  place = await mkdtemp(join(tmpdir(), "b2p-remove-"));
  folder = join(place, "folder");
});
afterEach(() => rm(place, { recursive: true }));

test("a folder is removed with what is in it, and links are not followed", async () => {
  const kept = join(place, "kept");
  await writeFile(kept, "");
  await mkdir(join(folder, "inner", "innermost"), { recursive: true });
  await writeFile(join(folder, "inner", "file"), "");
  await symlink(kept, join(folder, "inner", "link"));
  await symlink(place, join(folder, "link-to-folder"));
  await removeFolder(folder);
  expect(existsSync(folder)).toBe(false);
  expect(existsSync(kept)).toBe(true);
});

test("one that isn't there is no failure", async () => {
  await removeFolder(folder);
});

test("it is removed whole while others take files out of it", async () => {
  const names = Array.from({ length: 100 }, (_, index) => `file-${index}`);
  for (let round = 0; round < 5; round++) {
    await mkdir(folder);
    await Promise.all(names.map((name) => writeFile(join(folder, name), "")));
    const taken = names.filter((_, index) => index % 3 === round % 3);
    const other = spawn("rm", ["-f", ...taken], { cwd: folder, stdio: "ignore" });
    const ended = once(other, "exit");
    await removeFolder(folder);
    await ended;
    expect(existsSync(folder)).toBe(false);
  }
});
