import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as z from "zod";
import { releaseNotes } from "./notes.ts";
import { makeRelease } from "./release.ts";

const changelog =
  "# Changelog\n\n## [Unreleased]\n\n- soon\n\n## [1.2.3] - 2026-11-30\n\n### Added\n- this\n\n## [1.2.2]\n- that\n";
const home = mkdtempSync(join(tmpdir(), "release-"));
afterAll(() => rmSync(home, { recursive: true, force: true }));

const sha256 = (content: Buffer | string) => createHash("sha256").update(content).digest("hex");

/** What a build leaves, in small; the disk is a real one. */
function imageFolder(arch: "amd64" | "arm64", version = "1.2.3"): string {
  const folder = mkdtempSync(join(home, "image-"));
  const raw = join(folder, "raw");
  writeFileSync(raw, `a disk of ${arch}`.padEnd(512));
  execFileSync("truncate", ["-s", "1M", raw]);
  execFileSync("qemu-img", ["convert", "-f", "raw", "-O", "qcow2", raw, `${raw}.qcow2`]);
  const disk = "boot2podman.qcow2.zst";
  execFileSync("zstd", ["-q", "--rm", `${raw}.qcow2`, "-o", join(folder, disk)]);
  rmSync(raw);
  const names = ["boot2podman.iso", "vmlinuz64", "corepure64.gz", "boot2podman.gz"];
  for (const name of [...names, "boot2podman-usr.img", "sbom.spdx.json"]) {
    writeFileSync(join(folder, name), `${name} of ${arch}`);
  }
  const artifacts = [...names, "boot2podman-usr.img", disk].map((name) => {
    const content = readFileSync(join(folder, name));
    return { name, sizeBytes: content.length, sha256: sha256(content) };
  });
  const manifest = {
    ...{ name: "boot2podman", version, arch, suite: "trixie", volumeId: "v", isFast: false },
    ...{ timeSeconds: 1_700_000_000, groups: [], packages: [] },
    ...{ kernel: { release: "6", commandLine: "", modules: [] }, artifacts },
  };
  writeFileSync(join(folder, "manifest.json"), JSON.stringify(manifest));
  return folder;
}

const key = join(home, "key");
for (const name of ["key", "other"]) {
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(home, name)]);
}
const out = join(home, "out");
const options = {
  changelog,
  strength: { zstd: 1, lzma2: "preset=0" },
  progress: { line: () => undefined, live: () => undefined },
};

/** What a person who trusts a key does. */
function verify(folder: string, trusted: string): number | null {
  const signers = join(home, "signers");
  writeFileSync(signers, `boot2podman ${readFileSync(`${trusted}.pub`, "utf8")}`);
  const who = ["-f", signers, "-I", "boot2podman", "-n", "boot2podman"];
  return spawnSync("ssh-keygen", ["-Y", "verify", ...who, "-s", join(folder, "SHA256SUMS.sig")], {
    input: readFileSync(join(folder, "SHA256SUMS")),
  }).status;
}

const descriptor = z.object({ digest: z.string(), mediaType: z.string(), size: z.number() });
const index = z.object({
  manifests: z.array(
    descriptor.extend({
      annotations: z.record(z.string(), z.string()).optional(),
      platform: z.record(z.string(), z.string()).optional(),
    }),
  ),
});
const imageManifest = z.object({
  config: descriptor,
  layers: z.array(descriptor.extend({ annotations: z.record(z.string(), z.string()).optional() })),
});

const blobPath = ({ digest }: z.infer<typeof descriptor>) =>
  join(out, "oci/blobs", digest.replace(":", "/"));
const json = (path: string): unknown => JSON.parse(readFileSync(path, "utf8"));

describe("a release of two architectures", () => {
  beforeAll(async () => {
    const images = [imageFolder("amd64"), imageFolder("arm64")];
    await makeRelease({ ...options, images, out, key });
  });

  it("has everything by version and architecture, whole by its checksums", () => {
    const each = (arch: string) =>
      ["boot2podman.gz", "corepure64.gz", "iso", "machine.tar.xz", "manifest.json", "qcow2.zst"]
        .concat(["raw.zst", "sbom.spdx.json", "vmlinuz64"])
        .map((end) => `boot2podman-1.2.3-${arch}.${end}`);
    expect(readdirSync(out).sort()).toEqual(
      [...each("amd64"), ...each("arm64"), "RELEASE-NOTES.md", "SHA256SUMS", "SHA256SUMS.sig"]
        .concat("oci")
        .sort(),
    );
    execFileSync("sha256sum", ["-c", "--strict", "--quiet", "SHA256SUMS"], { cwd: out });
    const files = readFileSync(join(out, "SHA256SUMS"), "utf8").match(/^[0-9a-f]{64} {2}/gm);
    const all = execFileSync("find", [out, "-type", "f"], { encoding: "utf8" });
    // All but the list itself and its signature.
    expect(files).toHaveLength(all.trim().split("\n").length - 2);
  });

  it("is signed: its key is the one that counts, and a list that was changed isn't signed", () => {
    expect(verify(out, key)).toBe(0);
    expect(verify(out, join(home, "other"))).not.toBe(0);
    const changed = join(home, "changed");
    execFileSync("mkdir", [changed]);
    execFileSync("cp", [join(out, "SHA256SUMS.sig"), changed]);
    const sums = readFileSync(join(out, "SHA256SUMS"), "utf8");
    writeFileSync(
      join(changed, "SHA256SUMS"),
      sums.replace(/^./, (x) => (x === "0" ? "1" : "0")),
    );
    expect(verify(changed, key)).not.toBe(0);
  });

  it("has the raw disk, the same as the qcow2 one", () => {
    const raw = execFileSync("zstd", ["-dcq", join(out, "boot2podman-1.2.3-arm64.raw.zst")]);
    expect(raw).toHaveLength(2 ** 20);
    expect(raw.subarray(0, 15).toString()).toBe("a disk of arm64");
  });

  it("has the container images that are added to it, by their tags", async () => {
    const folder = join(home, "with-containers");
    const images = [imageFolder("amd64")];
    await makeRelease({
      ...{ ...options, images, out: folder, key: undefined },
      containers: async (layout) => {
        layout.tag("1.2.3-more", [layout.manifest([])]);
      },
    });
    const tags = index
      .parse(json(join(folder, "oci/index.json")))
      .manifests.map(({ annotations }) => annotations?.["org.opencontainers.image.ref.name"]);
    expect(tags).toEqual(["1.2.3", "1.2.3-kubevirt", "1.2.3-more"]);
  });

  it("has an index with a disk for each provider of podman machine", () => {
    const [machines] = index.parse(json(join(out, "oci/index.json"))).manifests;
    expect(machines?.annotations).toEqual({ "org.opencontainers.image.ref.name": "1.2.3" });
    const instances = index.parse(json(blobPath(machines as never))).manifests;
    const shown = instances.map((one) => {
      const [layer] = imageManifest.parse(json(blobPath(one))).layers;
      const title = layer?.annotations?.["org.opencontainers.image.title"] ?? "";
      expect(readFileSync(blobPath(layer as never))).toEqual(readFileSync(join(out, title)));
      return [one.annotations?.disktype, one.platform?.architecture, one.platform?.os, title];
    });
    expect(shown).toEqual([
      ["qemu", "x86_64", "linux", "boot2podman-1.2.3-amd64.qcow2.zst"],
      ["applehv", "x86_64", "linux", "boot2podman-1.2.3-amd64.raw.zst"],
      ["qemu", "aarch64", "linux", "boot2podman-1.2.3-arm64.qcow2.zst"],
      ["applehv", "aarch64", "linux", "boot2podman-1.2.3-arm64.raw.zst"],
    ]);
  });

  it("has container disks for KubeVirt: an image whose one file is QEMU's disk, below /disk", () => {
    const [, disks] = index.parse(json(join(out, "oci/index.json"))).manifests;
    expect(disks?.annotations).toEqual({ "org.opencontainers.image.ref.name": "1.2.3-kubevirt" });
    const [amd64] = index.parse(json(blobPath(disks as never))).manifests;
    expect(amd64?.platform).toEqual({ architecture: "amd64", os: "linux" });
    const { config, layers } = imageManifest.parse(json(blobPath(amd64 as never)));
    const tar = execFileSync("zstd", ["-dcq", blobPath(layers[0] as never)]);
    const listing = execFileSync("tar", ["--numeric-owner", "-tvf", "-"], {
      input: tar,
      encoding: "utf8",
    });
    expect(listing).toMatch(
      /^dr-xr-xr-x 107\/107 .* disk\/\n-r--r--r-- 107\/107 .* disk\/boot2podman\.qcow2\n$/,
    );
    expect(json(blobPath(config))).toMatchObject({
      rootfs: { type: "layers", diff_ids: [`sha256:${sha256(tar)}`] },
    });
  });

  it("is the same bytes when it is made again, but for the signature", async () => {
    const again = join(home, "again");
    await makeRelease({
      ...options,
      images: [imageFolder("amd64"), imageFolder("arm64")],
      out: again,
      key: undefined,
    });
    const sums = (folder: string) => readFileSync(join(folder, "SHA256SUMS"), "utf8");
    expect(sums(again)).toBe(sums(out));
    expect(readdirSync(again)).not.toContain("SHA256SUMS.sig");
  });
});

describe("no release is made, and the one that was there stays", () => {
  it.each<[string, () => string[], RegExp]>([
    [
      "of two versions",
      () => [imageFolder("amd64"), imageFolder("arm64", "1.2.4")],
      /1\.2\.3 for amd64, 1\.2\.4 for arm64/,
    ],
    [
      "of one architecture twice",
      () => [imageFolder("amd64"), imageFolder("amd64")],
      /are no release/,
    ],
    [
      "of an image that was changed after its build",
      () => {
        const image = imageFolder("amd64");
        writeFileSync(join(image, "boot2podman.iso"), "another");
        return [image];
      },
      /boot2podman\.iso isn't what manifest\.json beside it says/,
    ],
  ])("%s", async (_, images, reason) => {
    const before = join(home, "before");
    execFileSync("mkdir", ["-p", before]);
    writeFileSync(join(before, "mine"), "");
    const made = makeRelease({ ...options, images: images(), out: before, key: undefined });
    await expect(made).rejects.toThrow(reason);
    expect(readdirSync(before)).toEqual(["mine"]);
  });

  it("with a key that isn't there", async () => {
    const made = makeRelease({
      ...options,
      images: [imageFolder("amd64")],
      out: join(home, "unsigned"),
      key: join(home, "missing"),
    });
    await expect(made).rejects.toThrow(/cannot sign .*missing/);
  });
});

describe("the notes of a release", () => {
  it("are its section of the changelog, or what is unreleased", () => {
    expect(releaseNotes(changelog, "1.2.3")).toBe(
      "# boot2podman 1.2.3 - 2026-11-30\n\n### Added\n- this\n",
    );
    expect(releaseNotes(changelog, "2.0.0")).toBe("# boot2podman 2.0.0 (not released)\n\n- soon\n");
    expect(() => releaseNotes("# Changelog\n", "1.0.0")).toThrow(/write what is new/);
  });
});

describe("a release with extensions", () => {
  const made = join(home, "with-extensions");
  const extensions = (arch: string) => {
    const folder = mkdtempSync(join(home, "extensions-"));
    const name = `hello-1.0-${arch}.raw`;
    writeFileSync(join(folder, name), `hello of ${arch}`);
    writeFileSync(join(folder, `${name}.sha256`), `${sha256(`hello of ${arch}`)}  ${name}\n`);
    writeFileSync(join(folder, `${name}.dep`), "");
    writeFileSync(join(folder, "SHA256SUMS"), "of this folder alone");
    return folder;
  };

  beforeAll(async () => {
    const folders = [extensions("x86-64"), extensions("arm64")];
    await makeRelease({
      ...options,
      images: [imageFolder("amd64")],
      extensions: folders,
      out: made,
      key,
    });
  });

  it("has a mirror of both architectures, signed as machines check it", () => {
    const mirror = join(made, "extensions");
    execFileSync("sha256sum", ["-c", "--strict", "--quiet", "SHA256SUMS"], { cwd: mirror });
    const sums = readFileSync(join(mirror, "SHA256SUMS"), "utf8");
    expect(sums.match(/hello-1\.0-(x86-64|arm64)\.raw(\.dep|\.sha256)?$/gm)).toHaveLength(6);
    const signers = join(home, "mirror-signers");
    writeFileSync(signers, `mirror ${readFileSync(`${key}.pub`, "utf8")}`);
    const signature = ["-s", join(mirror, "SHA256SUMS.sig")];
    const check = (input: string) =>
      spawnSync(
        "ssh-keygen",
        ["-Y", "verify", "-f", signers, "-I", "mirror", "-n", "file", ...signature],
        { input },
      ).status;
    expect(check(sums)).toBe(0);
    expect(check(`${sums}x`)).not.toBe(0);
  });

  it("takes none that isn't what its sum says, and no folder without any", async () => {
    const damaged = extensions("x86-64");
    writeFileSync(join(damaged, "hello-1.0-x86-64.raw"), "something else");
    const images = [imageFolder("amd64")];
    const release = (folder: string) =>
      makeRelease({ ...options, images, extensions: [folder], out: join(home, "none"), key });
    await expect(release(damaged)).rejects.toThrow(
      /hello-1\.0-x86-64\.raw isn't what .*\.sha256 says/,
    );
    await expect(release(join(home, "empty"))).rejects.toThrow("has no extensions");
  });
});
