import { mkdir, mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { writeFileAtomic } from "./write-file.ts";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "write-file-"));
});
afterEach(() => rm(folder, { recursive: true }));

test("a file is replaced, with its mode, and nothing else stays", async () => {
  const path = join(folder, "file");
  await writeFileAtomic(path, "old", 0o644);
  await writeFileAtomic(path, "new", 0o600);
  expect(await readFile(path, "utf8")).toBe("new");
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await readdir(folder)).toEqual(["file"]);
});

test("when the file can't be replaced, the unfinished one is removed", async () => {
  const path = join(folder, "taken");
  await mkdir(path);
  await expect(writeFileAtomic(path, "new", 0o600)).rejects.toThrow();
  expect(await readdir(folder)).toEqual(["taken"]);
});
