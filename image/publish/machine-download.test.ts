import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, it } from "vitest";
import { makeMachineDownload } from "./machine-download.ts";

const sha256 = (content: string | Buffer) => createHash("sha256").update(content).digest("hex");
const quick = "preset=0";
const contents = { vmlinuz64: "kernel", "corepure64.gz": "initrd", "boot2podman-usr.img": "usr" };

function imageFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "machine-download-"));
  const artifacts = Object.entries(contents).map(([name, content]) => {
    writeFileSync(join(folder, name), content);
    return { name, sizeBytes: content.length, sha256: sha256(content) };
  });
  const manifest = {
    ...{ name: "boot2podman", version: "1.2.3", arch: "amd64", suite: "trixie" },
    ...{ volumeId: "v", timeSeconds: 1_700_000_000, isFast: false, groups: [], packages: [] },
    ...{ kernel: { release: "6", commandLine: "", modules: [] }, artifacts },
  };
  writeFileSync(join(folder, "manifest.json"), JSON.stringify(manifest));
  writeFileSync(join(folder, "boot2podman.iso"), "left out");
  return folder;
}

let image: string;
let out: string;

beforeEach(() => {
  image = imageFolder();
  out = join(mkdtempSync(join(tmpdir(), "machine-download-out-")), "download");
});

it("the archive has what a machine boots from, of nobody, and its hash beside it", async () => {
  const path = await makeMachineDownload(image, out, quick);
  const env = { ...process.env, TZ: "UTC" };
  const listing = execFileSync("tar", ["--numeric-owner", "-tvJf", path], {
    encoding: "utf8",
    env,
  });
  expect(listing.replaceAll(/ +/g, " ").trim().split("\n")).toEqual([
    expect.stringMatching(/^-rw-r--r-- 0\/0 \d+ 2023-11-14 22:13 manifest\.json$/),
    "-rw-r--r-- 0/0 6 2023-11-14 22:13 vmlinuz64",
    "-rw-r--r-- 0/0 6 2023-11-14 22:13 corepure64.gz",
    "-rw-r--r-- 0/0 3 2023-11-14 22:13 boot2podman-usr.img",
  ]);
  expect(readdirSync(out).sort()).toEqual([
    "boot2podman-machine-amd64.tar.xz",
    "boot2podman-machine-amd64.tar.xz.sha256",
  ]);
  execFileSync("sha256sum", ["-c", "boot2podman-machine-amd64.tar.xz.sha256"], { cwd: out });
});

it("it is the same for the same image, whoever makes it and whenever", async () => {
  const first = readFileSync(await makeMachineDownload(image, out, quick));
  const other = imageFolder();
  chmodSync(join(other, "vmlinuz64"), 0o600);
  utimesSync(join(other, "vmlinuz64"), 1, 1);
  expect(readFileSync(await makeMachineDownload(other, out, quick)).equals(first)).toBe(true);
});

it("an image that was changed after it was built is refused, and no archive is left", async () => {
  writeFileSync(join(image, "boot2podman-usr.img"), "something else");
  await expect(makeMachineDownload(image, out, quick)).rejects.toThrow(
    /boot2podman-usr\.img isn't what manifest\.json beside it says/,
  );
  expect(() => readdirSync(out)).toThrow(/ENOENT/);
});
