import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { cachedHashes, cachedImage } from "./cached-image.ts";
import { emulatedKernel } from "./emulated-kernel.ts";
import { findImage } from "./image.ts";
import { kernelFiles } from "./kernel-files.ts";
import { bzImageOf, madeKernel } from "./pvh-kernel.testing.ts";

let folder: string;
const kernel = madeKernel();
const said: string[] = [];
const warn = (text: string) => void said.push(text);
const store = () => join(folder, "store");

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "emulated-kernel-"));
  said.length = 0;
});
afterEach(() => rm(folder, { recursive: true }));

/** An image with that kernel, in the cache. */
async function cached(bzImage = bzImageOf(kernel)) {
  const files = { vmlinuz64: bzImage, "corepure64.gz": "base", "boot2podman.gz": "add-on" };
  const artifacts = Object.entries(files).map(([name, bytes]) => ({
    name,
    sha256: createHash("sha256").update(bytes).digest("hex"),
  }));
  for (const [name, bytes] of Object.entries(files)) {
    await writeFile(join(folder, name), bytes);
  }
  const manifest = { version: "1", arch: "amd64", kernel: { commandLine: "" }, artifacts };
  await writeFile(join(folder, "manifest.json"), JSON.stringify(manifest));
  const image = await findImage(folder);
  await kernelFiles(store(), image, warn);
  return image;
}

test("it is made once for an image, and the other files stay sound", async () => {
  const image = await cached();
  const path = (await emulatedKernel(store(), image, warn)) ?? "";
  expect((await readFile(path)).equals(kernel)).toBe(true);
  const first = await stat(path);
  await kernelFiles(store(), image, warn);
  expect(await emulatedKernel(store(), image, warn)).toBe(path);
  expect((await stat(path)).ino).toBe(first.ino);
  expect(said).toEqual([]);
});

test("several commands that need it at once make it once", async () => {
  const image = await cached();
  const made = await Promise.all([1, 2, 3].map(() => emulatedKernel(store(), image, warn)));
  expect(new Set(made).size).toBe(1);
});

test("one that was changed is made again, also for an image that is only in the cache", async () => {
  const image = await cached();
  for (const one of [image, await cachedImage(store(), image.id)]) {
    const path = (await emulatedKernel(store(), one, warn)) ?? "";
    await writeFile(path, "something else");
    expect(await emulatedKernel(store(), one, warn)).toBe(path);
    expect((await readFile(path)).equals(kernel)).toBe(true);
  }
});

test("a bzImage that has changed meanwhile isn't unpacked", async () => {
  const image = await cached();
  await writeFile(
    join(store(), "cache/images", image.id, "vmlinuz64"),
    bzImageOf(madeKernel({ entry: 0x1000080 })),
  );
  expect(await emulatedKernel(store(), image, warn)).toBeUndefined();
});

test("a kernel that can't be started so leaves nothing behind, and nothing is said", async () => {
  const image = await cached(Buffer.from("another kernel"));
  expect(await emulatedKernel(store(), image, warn)).toBeUndefined();
  expect((await cachedHashes(store(), image.id))?.vmlinux).toBeUndefined();
  expect(said).toEqual([]);
});
