import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Header, type HeaderData } from "tar";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { MachineError } from "../error/machine-error.ts";
import { cachedImage } from "./cached-image.ts";
import { kernelFiles } from "./kernel-files.ts";
import { imageArgument, importArchive, namesArchive } from "./machine-archive.ts";

let folder: string;
let server: Server | undefined;
const lines: string[] = [];
const report = {
  line: (text: string) => lines.push(text),
  warn: (text: string) => lines.push(text),
  progress: (text: string) => lines.push(text),
};

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "machine-archive-"));
  lines.length = 0;
});
afterEach(async () => {
  server?.close();
  server = undefined;
  await rm(folder, { recursive: true });
});

const sha256 = (content: Buffer | string) => createHash("sha256").update(content).digest("hex");
const store = () => join(folder, "store");
const cached = () => readdir(join(store(), "cache", "images")).catch(() => []);
const left = () => readdir(join(store(), "cache")).catch(() => []);

/** A member as its header says, and the bytes after it. */
type Member = Partial<HeaderData> & { path: string; content?: Buffer | string };

function tarOf(members: readonly Member[]): Buffer {
  const parts = members.flatMap(({ content = "", ...said }) => {
    const bytes = Buffer.from(content);
    const block = Buffer.alloc(512);
    new Header({
      mode: 0o644,
      size: bytes.length,
      type: "File",
      mtime: new Date(0),
      ...said,
    }).encode(block);
    return [block, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)];
  });
  return Buffer.concat([...parts, Buffer.alloc(1024)]);
}

const xz = (bytes: Buffer, ...options: string[]) =>
  execFileSync("xz", ["-0", "-c", ...options], { input: bytes });

const contents = {
  vmlinuz64: "kernel",
  "corepure64.gz": "initrd",
  "boot2podman-usr.img": "usr".repeat(100_000),
};
const files: readonly Member[] = Object.entries(contents).map(([path, content]) => ({
  path,
  content,
}));
function manifest(more: object = {}): Member {
  const listed = { ...contents, "boot2podman.gz": "not in the archive" };
  const artifacts = Object.entries(listed).map(([name, content]) => ({
    name,
    sha256: sha256(content),
  }));
  const said = { version: "1.2.3", arch: "amd64", kernel: { commandLine: "quiet" }, artifacts };
  return { path: "manifest.json", content: JSON.stringify({ ...said, ...more }) };
}
const sound = () => xz(tarOf([manifest(), ...files]));

async function put(bytes: Buffer, name = "machine.tar.xz"): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, bytes);
  return path;
}

test.each([
  ["https://example.org/boot2podman-machine-amd64.tar.xz", true],
  ["http://example.org/latest", true],
  ["file:///srv/x.tar.xz", true],
  ["x.tar.xz", true],
  ["dist", false],
  ["/srv/images/tar.xz/dist", false],
])("%s names an archive: %s", (image, expected) => {
  expect(namesArchive(image)).toBe(expected);
});

test("a path means the same from any folder, an address stays as it is", () => {
  expect(imageArgument("a.tar.xz")).toBe(join(process.cwd(), "a.tar.xz"));
  expect(imageArgument("file:///srv/a%20b.tar.xz")).toBe("/srv/a b.tar.xz");
  expect(imageArgument("https://example.org/a.tar.xz")).toBe("https://example.org/a.tar.xz");
});

describe("an archive of a machine", () => {
  test("becomes an image of the cache that a machine can be bound to", async () => {
    const id = await importArchive(store(), await put(sound()), report);
    const image = await cachedImage(store(), id);
    expect(image).toMatchObject({ version: "1.2.3", architecture: "amd64", commandLine: "quiet" });
    const { kernel, initrd, usrDisk = "" } = await kernelFiles(store(), image);
    const read = await Promise.all([kernel, initrd, usrDisk].map((path) => readFile(path, "utf8")));
    expect(read).toEqual(Object.values(contents));
    expect(await left()).toEqual(["images"]);
    expect(lines.join("\n")).toMatch(/^Unpacking .*machine\.tar\.xz\.\.\.\nUnpacking: 100 % of/);
  });

  test("is unpacked once, whatever its name, and again when the cache has changed", async () => {
    const id = await importArchive(store(), await put(sound()), report);
    lines.length = 0;
    expect(await importArchive(store(), await put(sound(), "other.tar.xz"), report)).toBe(id);
    expect(lines).toEqual([]);
    const usr = join(store(), "cache", "images", id, "usr.img");
    await writeFile(usr, "something else");
    expect(await importArchive(store(), await put(sound()), report)).toBe(id);
    expect(await readFile(usr, "utf8")).toBe(contents["boot2podman-usr.img"]);
  });

  test("has the id of the same image in a folder: what is cached of one serves the other", async () => {
    const id = await importArchive(store(), await put(sound()), report);
    const { findImage } = await import("./image.ts");
    await writeFile(join(folder, "manifest.json"), manifest().content ?? "");
    expect((await findImage(folder)).id).toBe(id);
  });

  test("what a command that was killed has left is in nobody's way, and goes", async () => {
    await mkdir(join(store(), "cache", "unpacking", "image"), { recursive: true });
    await writeFile(join(store(), "cache", "unpacking", "image", "vmlinuz64"), "half");
    await importArchive(store(), await put(sound()), report);
    expect(await left()).toEqual(["images"]);
  });

  test.each(["machine.tar.xz.sha256", "SHA256SUMS"])(
    "is compared with %s beside it",
    async (name) => {
      const path = await put(sound());
      await writeFile(join(folder, name), `${sha256(sound())}  machine.tar.xz\n`);
      await importArchive(store(), path, report);
      await writeFile(join(folder, name), `${"0".repeat(64)} *machine.tar.xz\n`);
      await expect(importArchive(store(), path, report)).rejects.toThrow(
        `The image ${path} can't be used: its SHA-256 is ${sha256(sound())}, but the one published with it is ${"0".repeat(64)}.`,
      );
    },
  );
});

const huge = 8 * 1024 ** 3 - 1;
const odd: readonly (readonly [string, () => Buffer, RegExp])[] = [
  ["no xz", () => tarOf([manifest(), ...files]), /it is no xz archive/],
  ["empty", () => Buffer.alloc(0), /it is no xz archive|it ends in the middle/],
  ["no tar", () => xz(Buffer.alloc(5000, "x")), /what xz unpacked is no tar archive/],
  ["cut off", () => sound().subarray(0, -100), /it ends in the middle/],
  [
    "cut off in its tar",
    () => xz(tarOf([manifest(), ...files]).subarray(0, 200_000)),
    /ends in the middle/,
  ],
  [
    "cut off between two members",
    () => xz(tarOf([manifest()]).subarray(0, 1024)),
    /ends in the middle/,
  ],
  [
    "followed by something else",
    () => Buffer.concat([sound(), Buffer.from("more")]),
    /ends in the middle|no xz/,
  ],
  [
    "damaged",
    () => {
      const bytes = Buffer.from(sound());
      bytes.writeUInt32LE(~bytes.readUInt32LE(60) >>> 0, 60);
      return bytes;
    },
    /it is damaged/,
  ],
  [
    "without a disk",
    () => xz(tarOf([manifest(), ...files.slice(0, 2)])),
    /it lacks boot2podman-usr\.img/,
  ],
  ["without a manifest", () => xz(tarOf(files)), /it lacks manifest\.json/],
  [
    "with another's manifest",
    () => xz(tarOf([manifest({ arch: "vax" }), ...files])),
    /isn't a manifest/,
  ],
  [
    "with files of another build",
    () => xz(tarOf([manifest(), { path: "vmlinuz64", content: "other" }, ...files.slice(1)])),
    /its vmlinuz64 is damaged: the hash isn't the one in its manifest\.json/,
  ],
  [
    "with a file twice",
    () => xz(tarOf([manifest(), ...files, ...files])),
    /it holds "vmlinuz64" twice/,
  ],
  [
    "with a path that leads out",
    () => xz(tarOf([manifest(), { path: "../../escaped", content: "x" }, ...files])),
    /it holds "\.\.\/\.\.\/escaped", so it is no image/,
  ],
  [
    "with an absolute path",
    () => xz(tarOf([{ path: "/tmp/escaped", content: "x" }])),
    /it holds "\/tmp\/escaped", so it is no image/,
  ],
  [
    "with a link in place of a file",
    () =>
      xz(tarOf([manifest(), { path: "vmlinuz64", type: "SymbolicLink", linkpath: "/etc/passwd" }])),
    /it holds "vmlinuz64", a SymbolicLink/,
  ],
  [
    "with a hard link",
    () => xz(tarOf([manifest(), { path: "vmlinuz64", type: "Link", linkpath: "manifest.json" }])),
    /it holds "vmlinuz64", a Link/,
  ],
  [
    "with a device",
    () => xz(tarOf([manifest(), { path: "vmlinuz64", type: "BlockDevice" }])),
    /it holds "vmlinuz64", a BlockDevice/,
  ],
  [
    "with a folder",
    () => xz(tarOf([{ path: "manifest.json/", type: "Directory" }])),
    /a Directory/,
  ],
  [
    "with a header that renames the next file",
    () => xz(tarOf([{ path: "x", type: "ExtendedHeader", content: "20 path=../escaped\n" }])),
    /it holds "x", a ExtendedHeader/,
  ],
  [
    "that says that its kernel is huge",
    () => xz(tarOf([manifest(), { path: "vmlinuz64", size: huge }])),
    /its vmlinuz64 has 8589934591 bytes, which no image of ours has/,
  ],
  [
    "that unpacks to very much",
    () => xz(tarOf([{ path: "manifest.json", content: Buffer.alloc(2 * 1024 ** 2) }])),
    /its manifest\.json has 2097152 bytes/,
  ],
  [
    "behind whose end much follows",
    () => xz(Buffer.concat([tarOf([manifest(), ...files]), Buffer.alloc(3 * 1024 ** 2)])),
    /more follows behind its end/,
  ],
  [
    "that needs much memory to be unpacked",
    () => xz(tarOf([manifest(), ...files]), "--lzma2=preset=0,dict=1GiB"),
    /it asks for more than 256MiB of memory to be unpacked/,
  ],
];

test.each(odd)(
  "an archive %s is refused in one line, and nothing stays",
  async (_, make, reason) => {
    const path = await put(make());
    const failure = await importArchive(store(), path, report).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(MachineError);
    const { message } = failure as MachineError;
    expect(message).toMatch(reason);
    expect(message).toMatch(/^The image .*machine\.tar\.xz can't be used: [^\n]*\.$/);
    expect(await cached()).toEqual([]);
    expect(await left()).toEqual([]);
    expect((await readdir(folder)).sort()).toEqual(["machine.tar.xz", "store"]);
  },
);

test("an archive that isn't there is told", async () => {
  const path = join(folder, "gone.tar.xz");
  await expect(importArchive(store(), path, report)).rejects.toThrow(
    `The image ${path} can't be used: there is no such file.`,
  );
});

describe("an archive at an address", () => {
  const served = new Map<string, Buffer | "cut">();
  let asked: string[];

  beforeEach(async () => {
    served.clear();
    asked = [];
    server = createServer((request, response) => {
      asked.push(request.url ?? "");
      const body = served.get(request.url ?? "");
      if (body === "cut") {
        response.writeHead(200, { "content-length": sound().length });
        response.write(sound().subarray(0, 100), () => request.socket.destroy());
      } else if (body === undefined) {
        response.writeHead(404).end("<html>not here</html>");
      } else {
        response.end(body);
      }
    });
    await new Promise<void>((resolve) => server?.listen(0, "127.0.0.1", resolve));
  });
  const url = () => {
    const address = server?.address();
    return `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}/v1/machine.tar.xz`;
  };

  test("is downloaded and unpacked, with what is said beside it, and http: is warned of", async () => {
    served.set("/v1/machine.tar.xz", sound());
    served.set("/v1/SHA256SUMS", Buffer.from(`${sha256(sound())}  machine.tar.xz\n`));
    const id = await importArchive(store(), url(), report);
    expect(await cached()).toEqual([id]);
    expect(lines.join("\n")).toMatch(/^Downloading http.*\nDownloading: /);
    expect(lines.join("\n")).toMatch(/came by http: not encrypted/);
    asked.length = 0;
    expect(await importArchive(store(), url(), report)).toBe(id);
    expect(asked).not.toContain("/v1/machine.tar.xz");
  });

  test("with another hash beside it is refused", async () => {
    served.set("/v1/machine.tar.xz", sound());
    served.set("/v1/machine.tar.xz.sha256", Buffer.from(`${"1".repeat(64)}  machine.tar.xz\n`));
    await expect(importArchive(store(), url(), report)).rejects.toThrow(
      /but the one published with it is 1111/,
    );
    expect(await left()).toEqual([]);
  });

  test.each([
    ["that isn't there", undefined, /the server says 404/],
    ["that breaks off", "cut" as const, /the connection broke off/],
    ["of a page that says otherwise", Buffer.from("<html>"), /it is no xz archive/],
  ])("%s is refused, and nothing stays", async (_, body, reason) => {
    if (body !== undefined) {
      served.set("/v1/machine.tar.xz", body);
    }
    await expect(importArchive(store(), url(), report)).rejects.toThrow(reason);
    expect(await left()).toEqual([]);
  });
});
