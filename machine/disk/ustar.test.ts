import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Header, x } from "tar";
import { expect, test } from "vitest";
import { writeArchive } from "./ustar.ts";

const members = [
  { name: "folder", mode: 0o700 },
  { name: "folder/file", mode: 0o644, content: Buffer.from("content of a file\n") },
  { name: "empty", mode: 0o600, content: Buffer.alloc(0) },
  { name: "block", mode: 0o600, content: Buffer.alloc(512, "x") },
];

test("another program unpacks what was written", async () => {
  const folder = await mkdtemp(join(tmpdir(), "ustar-"));
  try {
    const file = join(folder, "archive.tar");
    await writeFile(file, writeArchive(members));
    await x({ file, cwd: folder, strict: true });
    expect(await readFile(join(folder, "folder/file"), "utf8")).toBe("content of a file\n");
    expect(await readFile(join(folder, "block"), "utf8")).toBe("x".repeat(512));
    expect((await stat(join(folder, "folder"))).mode & 0o777).toBe(0o700);
    expect((await stat(join(folder, "empty"))).size).toBe(0);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("a header's checksum is right, and a folder's name ends without a slash", () => {
  const header = new Header(writeArchive(members), 0);
  expect(header.cksumValid).toBe(true);
  expect(header.path).toBe("folder");
});

test("a changed byte makes the checksum wrong", () => {
  const archive = writeArchive(members);
  archive.writeUInt8(0x41, 0);
  expect(new Header(archive, 0).cksumValid).toBe(false);
});

test("a name that has no place in a header is refused", () => {
  expect(() => writeArchive([{ name: "n".repeat(101), mode: 0 }])).toThrow("too long");
});
