import { execFileSync } from "node:child_process";
import {
  closeSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { dosTableBytes, dosTableOffset } from "./dos-table.ts";
import { gptWrites } from "./gpt.ts";
import { probe } from "./probe.ts";

/** What the system's own tools write and read, against what we read and write. */

const folder = mkdtempSync(join(tmpdir(), "automount-content-"));
afterAll(() => rmSync(folder, { recursive: true }));

const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin`, LC_ALL: "C" };

function run(program: string, words: string[], stdin = ""): string {
  return execFileSync(program, words, { env, input: stdin, encoding: "utf8", stdio: "pipe" });
}

function image(name: string, sizeBytes: number): string {
  const path = join(folder, name);
  writeFileSync(path, "");
  truncateSync(path, sizeBytes);
  return path;
}

function probeImage(path: string, sizeBytes: number, startBytes = 0) {
  const fd = openSync(path, "r");
  try {
    const read = (offset: number, length: number) => {
      const bytes = new Uint8Array(length);
      return bytes.subarray(0, readSync(fd, bytes, 0, length, startBytes + offset));
    };
    return probe({ sizeBytes: sizeBytes - startBytes, sectorBytes: 512, read, skipBytes: 0 });
  } finally {
    closeSync(fd);
  }
}

const size = 64 * 1024 * 1024;
const uuid = "0b8a1f5e-36a5-4c2a-8a8c-0c4f1a2b3c4d";

describe("mkfs.ext4 and the first probe", () => {
  test("agree on label, UUID and size, with a label of the full 16 bytes (accident 1)", () => {
    const path = image("ext4", size);
    run("mkfs.ext4", ["-q", "-F", "-L", "boot2podman-data", "-U", uuid, path]);
    expect(probeImage(path, size)).toEqual({
      is: "ext4",
      ext4: {
        label: "boot2podman-data",
        uuid,
        sizeBytes: size,
        blockBytes: 1024,
        everMounted: false,
        lastMountedMs: 0,
        needsFullCheck: false,
        holdsSystem: undefined,
      },
    });
  });

  test.each(["ext2", "ext3"])("agree on %s, which is not ext4", (type) => {
    const path = image(type, size);
    run("mke2fs", ["-q", "-F", "-t", type, "-L", "boot2podman-data", path]);
    expect(probeImage(path, size)).toEqual({
      is: "foreign",
      types: [type],
      label: "boot2podman-data",
    });
  });

  test("agree on a filesystem that was mounted before", () => {
    const path = image("mounted", size);
    run("mkfs.ext4", ["-q", "-F", path]);
    run("debugfs", ["-w", "-R", "set_super_value mtime 20240101", path]);
    expect(probeImage(path, size)).toMatchObject({ ext4: { everMounted: true } });
  });

  test.each([
    ["with the mark of errors", ["-O", "has_journal"], "state 3", true],
    ["without a journal that was not closed", ["-O", "^has_journal"], "state 0", true],
    ["that was closed", ["-O", "^has_journal"], "state 1", false],
  ])("agree on whether one %s is checked as a whole", (_, options, state, needsFullCheck) => {
    const path = image("state", size);
    run("mkfs.ext4", ["-q", "-F", ...options, path]);
    run("debugfs", ["-w", "-R", `set_super_value ${state}`, path]);
    expect(probeImage(path, size)).toMatchObject({ ext4: { needsFullCheck } });
    expect(run("e2fsck", ["-n", path]).includes("check forced")).toBe(needsFullCheck);
  });

  test("agree on a filesystem at an offset, made without a byte before it", () => {
    const path = image("offset", size);
    writeFileSync(path, "x".repeat(1024 * 1024), { flag: "r+" });
    const blocks = String(size / 4096 - 256);
    run("mkfs.ext4", ["-q", "-F", "-b", "4096", "-E", "offset=1048576", path, blocks]);
    expect(probeImage(path, size, 1024 * 1024)).toMatchObject({ is: "ext4" });
    expect(
      readFileSync(path)
        .subarray(0, 1024 * 1024)
        .every((byte) => byte === 0x78),
    ).toBe(true);
  });
});

describe("mkswap and the first probe", () => {
  test("agree", () => {
    const path = image("swap", size);
    run("mkswap", [path]);
    expect(probeImage(path, size)).toMatchObject({ types: ["swap"] });
  });
});

describe("sfdisk", () => {
  test("reads the DOS table that we write beside the magic", () => {
    const path = image("dos", size);
    const bytes = dosTableBytes(0xdeadbeef, { type: 0x83, startSector: 2048, sectors: 129024 });
    const sector = Buffer.alloc(512);
    sector.write("boot2podman, please format-me");
    sector.set(bytes, dosTableOffset);
    writeFileSync(path, sector, { flag: "r+" });
    const dump = run("sfdisk", ["--dump", path]);
    expect(dump).toContain("label-id: 0xdeadbeef");
    expect(dump).toMatch(/start= +2048, size= +129024, type=83/);
    expect(run("sfdisk", ["--verify", path])).toContain("No errors detected");
  });

  test("reads the GPT that we write, with its entries behind the archive", () => {
    const path = image("gpt", size);
    const sectors = size / 512;
    const writes = gptWrites({
      sectorBytes: 512,
      diskSectors: sectors,
      diskGuid: uuid,
      partitionGuid: uuid,
      partitionName: "boot2podman-data",
      startSector: 4096,
      sectors: 2048 * 61,
      entriesSector: 2048,
    });
    const bytes = Buffer.alloc(size);
    for (const { offsetBytes, content } of Object.values(writes)) {
      content.copy(bytes, offsetBytes);
    }
    const protective = { type: 0xee, startSector: 1, sectors: sectors - 1 };
    bytes.set(dosTableBytes(0, protective), dosTableOffset);
    writeFileSync(path, bytes);
    const dump = run("sfdisk", ["--dump", path]);
    expect(dump).toContain(`label-id: ${uuid.toUpperCase()}`);
    expect(dump).toContain('name="boot2podman-data"');
    expect(dump).toMatch(/start= +4096, size= +124928, type=0FC63DAF-8483-4772-8E79-3D69D8477DE4/);
    expect(run("sfdisk", ["--verify", path])).toContain("No errors detected");
  });

  test.each(["dos", "gpt"])("writes a %s table that the first probe reads", (label) => {
    const path = image(`sfdisk-${label}`, size);
    run("sfdisk", ["-q", "--label", label, path], "start=2048, size=20480\nsize=4096\n");
    const content = probeImage(path, size);
    expect(content).toMatchObject({
      is: "table",
      table: {
        type: label,
        entries: [
          { number: 1, startBytes: 1048576, sizeBytes: 10485760 },
          { number: 2, sizeBytes: 2097152 },
        ],
      },
    });
  });
});
