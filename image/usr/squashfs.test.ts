import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { type ContentStore, storeContent } from "../files/content.ts";
import { type Entry, rootFolder, rootLink, withParents } from "../files/entry.ts";
import { type Compress, packBlocks, remembering, zstdCompressor } from "./blocks.ts";
import { type Packing, planPacking } from "./packing.ts";
import { squashfsImage } from "./squashfs.ts";

const smallBlockBytes = 4096;
const anyTimeSeconds = 1_700_000_000;

let store: ContentStore;

function file(path: string, content: Buffer | string, more: Partial<Entry> = {}): Entry {
  const bytes = Buffer.from(content);
  const owner = { mode: 0o644, uid: 0, gid: 0, ...more };
  const sha256 = storeContent(store, bytes);
  return { ...owner, path, type: "file", sizeBytes: bytes.length, sha256 };
}

/** Bytes that no compressor makes smaller, the same in every run. */
function noise(sizeBytes: number): Buffer {
  let state = 1;
  return Buffer.from(
    Array.from({ length: sizeBytes }, () => {
      state = (state * 48271) % 0x7fffffff;
      return (state >> 8) & 0xff;
    }),
  );
}

async function pack(entries: Entry[], compress: Compress): Promise<Buffer> {
  const packing = planPacking(entries, smallBlockBytes, []);
  const pieces = [...packing.blocks.map((piece) => [piece]), ...packing.fragments];
  const packed = await packBlocks(pieces, store, compress, () => undefined);
  return Buffer.concat(
    await squashfsImage({
      entries,
      packing,
      blocks: packed.slice(0, packing.blocks.length),
      fragments: packed.slice(packing.blocks.length),
      blockBytes: smallBlockBytes,
      timeSeconds: anyTimeSeconds,
      compress,
    }),
  );
}

beforeAll(() => {
  store = { folder: mkdtempSync(join(tmpdir(), "content-")) };
});

describe("an image, read by squashfs-tools", () => {
  const contents = new Map<string, Buffer>();
  let image: string;

  beforeAll(async () => {
    contents.set("bin/big", Buffer.concat([Buffer.alloc(10_000, "text "), noise(5000)]));
    contents.set("bin/exact", Buffer.alloc(2 * smallBlockBytes, "x"));
    contents.set("bin/small", Buffer.from("small"));
    contents.set("bin/twin", Buffer.from("small"));
    contents.set("lib/empty", Buffer.alloc(0));
    contents.set("lib/zeros", Buffer.alloc(3 * smallBlockBytes + 1));
    // More names than one listing run of 256 and one metadata block can hold.
    for (let index = 0; index < 700; index++) {
      contents.set(`many/file-with-a-rather-long-name-${index}`, Buffer.from(String(index)));
    }
    const entries = withParents([
      ...[...contents].map(([path, bytes]) => file(path, bytes)),
      file("bin/setuid", "s", { mode: 0o4755, uid: 1000, gid: 50 }),
      rootLink("bin/link", "small"),
      { ...rootFolder("tmp"), mode: 0o1777 },
    ]);
    const bytes = await pack(entries, zstdCompressor(3));
    image = join(mkdtempSync(join(tmpdir(), "squashfs-")), "image");
    writeFileSync(image, bytes);
  });

  it("has every file with its content", () => {
    const target = join(mkdtempSync(join(tmpdir(), "unsquashed-")), "root");
    execFileSync("unsquashfs", ["-no-progress", "-quiet", "-no-xattrs", "-d", target, image], {
      stdio: "ignore",
    });
    for (const [path, bytes] of contents) {
      expect(readFileSync(join(target, path)).equals(bytes), path).toBe(true);
    }
  });

  it("has modes, owners, links and times", () => {
    const listing = execFileSync("unsquashfs", ["-lln", image], {
      encoding: "utf8",
      env: { ...process.env, TZ: "UTC" },
    });
    const lines = listing.split("\n").map((line) => line.replace(/\s+/g, " "));
    expect(lines).toContain("-rwsr-xr-x 1000/50 1 2023-11-14 22:13 squashfs-root/bin/setuid");
    expect(lines).toContain("drwxrwxrwt 0/0 3 2023-11-14 22:13 squashfs-root/tmp");
    expect(lines).toContain("lrwxrwxrwx 0/0 5 2023-11-14 22:13 squashfs-root/bin/link -> small");
    expect(lines.find((line) => line.endsWith(" squashfs-root"))).toMatch(/^drwxr-xr-x 0\/0/);
  });
});

describe("packing", () => {
  const sizes = (packing: Packing) => packing.fragments.map((pieces) => pieces.length);

  it("places the same content once", () => {
    const packing = planPacking([file("a/x", "same"), file("b/y", "same")], smallBlockBytes, []);
    expect(packing.placements.size).toBe(1);
    expect(sizes(packing)).toEqual([1]);
  });

  it("cuts a file into blocks and puts its end beside its neighbours'", () => {
    const packing = planPacking(
      [file("a/long", noise(smallBlockBytes + 10)), file("a/short", "s")],
      smallBlockBytes,
      [],
    );
    expect(packing.blocks).toHaveLength(1);
    expect(sizes(packing)).toEqual([2]);
  });

  it("keeps folders apart, so that a change in one leaves the others' blocks as they are", () => {
    const before = planPacking([file("a/x", "1"), file("b/y", "2")], smallBlockBytes, []);
    const after = planPacking([file("a/x", "longer"), file("b/y", "2")], smallBlockBytes, []);
    expect(after.fragments[1]).toEqual(before.fragments[1]);
  });

  it("puts what a boot reads together in the order in which it does, whatever the kernel's version and the processor", () => {
    const entries = [
      file("a/x", "x"),
      file("b/y", "y"),
      file("lib/modules/6.12/net.ko", "m"),
      file("lib/x86_64-linux-gnu/libc.so.6", "c"),
    ];
    const touched = ["lib/*-linux-gnu/libc.so.6", "lib/modules/*/net.ko", "no/longer/there", "b/y"];
    const packing = planPacking(entries, smallBlockBytes, touched);
    const contents = packing.fragments.map((pieces) =>
      pieces.map(
        ({ sha256 }) => entries.find((entry) => "sha256" in entry && entry.sha256 === sha256)?.path,
      ),
    );
    expect(contents).toEqual([
      ["lib/x86_64-linux-gnu/libc.so.6", "lib/modules/6.12/net.ko", "b/y"],
      ["a/x"],
    ]);
  });

  it("never fills a fragment beyond a block", () => {
    const entries = Array.from({ length: 5 }, (_, index) =>
      file(`a/${index}`, noise(1500 + index)),
    );
    for (const pieces of planPacking(entries, smallBlockBytes, []).fragments) {
      const sum = pieces.reduce((total, { sizeBytes }) => total + sizeBytes, 0);
      expect(sum).toBeLessThanOrEqual(smallBlockBytes);
    }
  });
});

describe("the bytes of an image", () => {
  const tree = () => withParents([file("bin/a", noise(9000)), file("lib/b", "b".repeat(9000))]);

  it("are the same every time, in whatever order blocks get ready", async () => {
    const zstd = zstdCompressor(3);
    let calls = 0;
    const uneven: Compress = async (bytes) => {
      if (calls++ % 2 === 0) {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      return await zstd(bytes);
    };
    expect((await pack(tree(), uneven)).equals(await pack(tree(), zstd))).toBe(true);
  });

  it("are the same with remembered blocks, which are compressed once only", async () => {
    const zstd = zstdCompressor(3);
    let compressed = 0;
    const counting: Compress = async (bytes) => {
      compressed++;
      return await zstd(bytes);
    };
    const compress = remembering(counting, mkdtempSync(join(tmpdir(), "blocks-")));
    const first = await pack(tree(), compress);
    const once = compressed;
    expect(once).toBeGreaterThan(0);
    expect((await pack(tree(), compress)).equals(first)).toBe(true);
    expect(compressed).toBe(once);
  });
});

it("a file in no folder is an error", async () => {
  await expect(pack([file("bin/a", "a")], zstdCompressor(3))).rejects.toThrow(
    "bin/a is in no folder of the image",
  );
});
