import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { cachedImage } from "./cached-image.ts";
import type { BootImage } from "./image.ts";
import { kernelFiles, paddingBytes } from "./kernel-files.ts";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "kernel-files-"));
});
afterEach(() => rm(folder, { recursive: true }));

async function imageOf(id: string, base = "base!", usr?: string): Promise<BootImage> {
  const put = async (name: string, text: string) => {
    const path = join(folder, name);
    await writeFile(path, text);
    return { path, sha256: createHash("sha256").update(text).digest("hex") };
  };
  return {
    folder,
    version: "1",
    architecture: "amd64",
    commandLine: "",
    kernel: await put("vmlinuz64", "kernel"),
    initrds: [await put("corepure64.gz", base), await put("boot2podman.gz", "add-on")],
    usrDisk: usr === undefined ? undefined : await put("boot2podman-usr.img", usr),
    iso: join(folder, "boot2podman.iso"),
    isoHash: undefined,
    id,
  };
}

const store = () => join(folder, "store");
const cached = () => readdir(join(store(), "cache", "images"));

test.each([
  [0, 0],
  [1, 3],
  [2, 2],
  [3, 1],
  [4, 0],
])("after %i bytes come %i of padding", (sizeBytes, expected) => {
  expect(paddingBytes(sizeBytes)).toBe(expected);
});

test("the initrds are one file, the second at a multiple of four", async () => {
  const files = await kernelFiles(store(), await imageOf("a"));
  expect(await readFile(files.kernel, "utf8")).toBe("kernel");
  expect(await readFile(files.initrd, "utf8")).toBe("base!\0\0\0add-on");
});

test("with /usr on a disk of its own the initrd is the small one", async () => {
  const files = await kernelFiles(store(), await imageOf("a", "base!", "usr"));
  expect(await readFile(files.initrd, "utf8")).toBe("base!");
  expect(await readFile(files.usrDisk ?? "", "utf8")).toBe("usr");
  const pinned = await cachedImage(store(), "a");
  expect(await kernelFiles(store(), pinned)).toEqual(files);
});

test("a cached disk that was changed is made again, or refused when it is only in the cache", async () => {
  const image = await imageOf("a", "base!", "usr");
  const { usrDisk = "" } = await kernelFiles(store(), image);
  await writeFile(usrDisk, "something else");
  expect(await readFile((await kernelFiles(store(), image)).usrDisk ?? "", "utf8")).toBe("usr");
  const pinned = await cachedImage(store(), "a");
  await writeFile(usrDisk, "something else");
  await expect(kernelFiles(store(), pinned)).rejects.toThrow(/has changed since it was written/);
});

test("an image from before there was a disk has none", async () => {
  expect((await kernelFiles(store(), await imageOf("a"))).usrDisk).toBeUndefined();
});

test.each(["vmlinuz64", "initrd", "image.json"])(
  "a cached %s that was changed is made again, and it is said",
  async (name) => {
    const image = await imageOf("a");
    await kernelFiles(store(), image);
    await writeFile(join(store(), "cache/images/a", name), "something else");
    const said: string[] = [];
    const files = await kernelFiles(store(), image, (text) => said.push(text));
    expect(await readFile(files.kernel, "utf8")).toBe("kernel");
    expect(await readFile(files.initrd, "utf8")).toBe("base!\0\0\0add-on");
    expect(said.join()).toMatch(/images\/a has changed since it was written: it is made again/);
  },
);

test("one that is only in the cache, and was changed, isn't booted", async () => {
  await kernelFiles(store(), await imageOf("a"));
  const pinned = await cachedImage(store(), "a");
  expect((await kernelFiles(store(), pinned)).initrd).toMatch(/initrd$/);
  await writeFile(join(store(), "cache/images/a/initrd"), "something else");
  await expect(kernelFiles(store(), pinned)).rejects.toThrow(/has changed since it was written/);
});

test("they are made once for an image", async () => {
  const image = await imageOf("a");
  const first = await stat((await kernelFiles(store(), image)).initrd);
  await rm(image.kernel.path);
  const second = await stat((await kernelFiles(store(), image)).initrd);
  expect(second.ino).toBe(first.ino);
});

test("several commands that need them at once make them once", async () => {
  const image = await imageOf("a");
  const made = await Promise.all([1, 2, 3, 4].map(() => kernelFiles(store(), image)));
  expect(new Set(made.map((files) => files.initrd)).size).toBe(1);
  expect(await cached()).toEqual(["a"]);
});

test("a file that differs from its hash is refused, and nothing stays in the cache", async () => {
  const image = await imageOf("a");
  await writeFile(join(folder, "boot2podman.gz"), "damaged");
  await expect(kernelFiles(store(), image)).rejects.toThrow(/boot2podman\.gz is damaged/);
  expect(await cached()).toEqual([]);
});

test("a missing file is told with what to do", async () => {
  const image = await imageOf("a");
  await rm(image.kernel.path);
  await expect(kernelFiles(store(), image)).rejects.toThrow(
    /There is no complete image.*vmlinuz64/,
  );
});

test("the image that was used before the current one stays, older ones go", async () => {
  for (const [index, id] of ["old", "older", "previous"].entries()) {
    const path = join(store(), "cache", "images", id);
    await mkdir(path, { recursive: true });
    await utimes(path, index, index);
  }
  await kernelFiles(store(), await imageOf("current"));
  expect((await cached()).sort()).toEqual(["current", "previous"]);
});
