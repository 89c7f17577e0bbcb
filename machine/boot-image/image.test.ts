import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { findImage } from "./image.ts";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "image-"));
});
afterEach(() => rm(folder, { recursive: true }));

const artifacts = ["vmlinuz64", "corepure64.gz", "boot2podman.gz"].map((name, index) => ({
  name,
  sha256: String(index).repeat(64),
  sizeBytes: 1,
}));
const manifest = { version: "1.2.3", arch: "amd64", kernel: { commandLine: "quiet" }, artifacts };

async function write(name: string, text: string): Promise<void> {
  await writeFile(join(folder, name), text);
}

test("an image is found, with its initrds in the kernel's order", async () => {
  await write("manifest.json", JSON.stringify(manifest));
  const image = await findImage(folder);
  expect(image.commandLine).toBe("quiet");
  expect(image.kernel).toEqual({ path: join(folder, "vmlinuz64"), sha256: "0".repeat(64) });
  expect(image.initrds.map((file) => file.path)).toEqual([
    join(folder, "corepure64.gz"),
    join(folder, "boot2podman.gz"),
  ]);
});

test("an image's id changes with its files and with nothing else", async () => {
  await write("manifest.json", JSON.stringify(manifest));
  const first = await findImage(folder);
  await write("manifest.json", JSON.stringify({ ...manifest, version: "2" }));
  expect((await findImage(folder)).id).toBe(first.id);
  const changed = [...artifacts.slice(0, 2), { name: "boot2podman.gz", sha256: "f".repeat(64) }];
  await write("manifest.json", JSON.stringify({ ...manifest, artifacts: changed }));
  expect((await findImage(folder)).id).not.toBe(first.id);
});

test("a folder without an image is told with what to do", async () => {
  await expect(findImage(folder)).rejects.toThrow(
    `There is no complete image in ${folder}: no manifest.json. Build it with "npm run build", or name its folder or archive with --image.`,
  );
});

test("an image that lacks a file is refused", async () => {
  await write("manifest.json", JSON.stringify({ ...manifest, artifacts: artifacts.slice(0, 2) }));
  await expect(findImage(folder)).rejects.toThrow("manifest.json lists no boot2podman.gz");
});

test.each([
  ["no JSON", "{"],
  ["no command line", JSON.stringify({ ...manifest, kernel: {} })],
  ["another architecture", JSON.stringify({ ...manifest, arch: "riscv64" })],
])("a manifest with %s is refused", async (_, text) => {
  await write("manifest.json", text);
  await expect(findImage(folder)).rejects.toThrow("isn't a manifest of an image");
});
