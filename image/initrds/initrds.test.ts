import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { beforeAll, describe, expect, it } from "vitest";
import { type ContentStore, storeContent } from "../files/content.ts";
import { type Entry, rootFolder, rootLink } from "../files/entry.ts";
import { readRecipe } from "../recipe/recipe.ts";
import { cpioBytes } from "./cpio.ts";
import { makeAddOnInitrd, makeBaseInitrd } from "./initrds.ts";

let store: ContentStore;
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "initrd-"));
  store = { folder: join(folder, "content") };
});

interface Member {
  name: string;
  fields: number[];
  data: string;
}

/** Reads a newc archive as the kernel does; a mistake in its form makes this throw. */
function readCpio(bytes: Buffer): Member[] {
  const members: Member[] = [];
  for (let at = 0; at < bytes.length; ) {
    expect(bytes.toString("latin1", at, at + 6)).toBe("070701");
    const fields = Array.from({ length: 13 }, (_, index) =>
      Number.parseInt(bytes.toString("latin1", at + 6 + index * 8, at + 14 + index * 8), 16),
    );
    const [, , , , , , sizeBytes = 0, , , , , nameBytes = 0] = fields;
    const name = bytes.toString("utf8", at + 110, at + 110 + nameBytes - 1);
    const dataAt = Math.ceil((at + 110 + nameBytes) / 4) * 4;
    if (name === "TRAILER!!!") {
      return members;
    }
    members.push({ name, fields, data: bytes.toString("utf8", dataAt, dataAt + sizeBytes) });
    at = Math.ceil((dataAt + sizeBytes) / 4) * 4;
  }
  throw new Error("no trailer");
}

async function collect(parts: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of parts) {
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

const console: Entry = {
  path: "dev/console",
  type: "device",
  mode: 0o600,
  uid: 0,
  gid: 0,
  major: 5,
  minor: 1,
};

function script(): Entry {
  const bytes = Buffer.from("#!/bin/sh\n");
  const sha256 = storeContent(store, bytes);
  return {
    path: "init",
    type: "file",
    mode: 0o755,
    uid: 0,
    gid: 0,
    sizeBytes: bytes.length,
    sha256,
  };
}

describe("a cpio archive", () => {
  it("has folders, files, links and devices with their modes, without anybody's rights", async () => {
    const entries = [rootFolder("dev"), console, script(), rootLink("bin", "usr/bin")];
    const members = readCpio(await collect(cpioBytes(entries, [], store, 1234)));
    const facts = members.map(({ name, fields, data }) => [name, fields[1]?.toString(8), data]);
    expect(facts).toEqual([
      ["dev", "40755", ""],
      ["dev/console", "20600", ""],
      ["init", "100755", "#!/bin/sh\n"],
      ["bin", "120777", "usr/bin"],
    ]);
    const device = members.find(({ name }) => name === "dev/console");
    expect(device?.fields.slice(9, 11)).toEqual([5, 1]);
    for (const { fields } of members) {
      expect(fields.slice(2, 4)).toEqual([0, 0]);
    }
    for (const { fields } of members) {
      expect(fields[5]).toBe(1234);
    }
  });

  it("can be followed by another: every part of it is a multiple of 4 bytes", async () => {
    expect((await collect(cpioBytes([script()], [], store, 1))).length % 4).toBe(0);
  });
});

describe("the initrds", () => {
  it("are the same bytes for the same entries, the base compressed by zstd and padded to 4 bytes", async () => {
    const make = (name: string) =>
      makeBaseInitrd([script(), console], store, { cacheDir: join(folder, name), timeSeconds: 5 });
    const first = readFileSync(await make("one"));
    expect(first.length % 4).toBe(0);
    expect(readFileSync(await make("two")).equals(first)).toBe(true);
    // zstd gives what is in the frame, then complains of the zeros behind it, which the kernel skips.
    const { stdout } = spawnSync("zstd", ["-dcq"], { input: first });
    expect(readCpio(stdout).map(({ name }) => name)).toEqual(["init", "dev/console"]);
  });

  it("let the kernel unpack the base in a machine of little memory: its window takes 2 MiB", async () => {
    const options = { cacheDir: join(folder, "window"), timeSeconds: 5 };
    const bytes = readFileSync(await makeBaseInitrd([script(), console], store, options));
    // RFC 8878, 3.1.1.1: no single segment, and a window of 2^(10 + exponent).
    expect([bytes.readUInt32LE(0), bytes.readUInt8(4) & 0x20]).toEqual([0xfd2fb528, 0]);
    expect(2 ** (10 + (bytes.readUInt8(5) >> 3))).toBe(2 * 1024 ** 2);
  });

  it.each(["none", "gzip"] as const)(
    "carry the /usr image as it is, wrapping %s",
    async (wrapping) => {
      const recipe = readRecipe(new URL("../recipe.toml", import.meta.url).pathname);
      const image = join(folder, "usr.squashfs");
      writeFileSync(image, "the image");
      const target = join(folder, `add-on-${wrapping}`);
      const wrapped = { ...recipe, image: { ...recipe.image, add_on_wrapping: wrapping } };
      await makeAddOnInitrd(wrapped, image, store, 7, target);
      const bytes = readFileSync(target);
      expect(bytes.length % 4).toBe(0);
      const [member] = readCpio(wrapping === "gzip" ? gunzipSync(bytes) : bytes);
      expect(member).toMatchObject({ name: "usr.squashfs", data: "the image" });
    },
  );
});
