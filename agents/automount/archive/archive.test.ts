import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { dosTableBytes, dosTableOffset } from "../content/dos-table.ts";
import { archiveFacts, maxArchiveBytes, readArchive } from "./archive.ts";
import {
  clientArchive,
  type MadeMember,
  madeArchive,
  madeMember,
} from "./made-archives.testing.ts";

const magic = "boot2podman, please format-me";
const key = `ssh-rsa ${"A".repeat(372)}\n`;

/** As it lies on a disk: zeros follow. */
function onDisk(archive: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(maxArchiveBytes + 65536);
  bytes.set(archive);
  return bytes;
}

function refusal(bytes: Uint8Array): string | undefined {
  const read = readArchive(bytes, magic);
  return read.state === "refused" ? read.why : undefined;
}

describe("the archive that the clients write", () => {
  test.each([29, 300, 511, 600, 1023])(
    "cut short after %i bytes is no archive, or refused",
    (length) => {
      const read = readArchive(clientArchive(key).subarray(0, length), magic);
      expect(["none", "refused"]).toContain(read.state);
    },
  );

  test("is read to its end marker", () => {
    const archive = clientArchive(key);
    expect(archive.length).toBe(4608);
    const read = readArchive(onDisk(archive), magic);
    expect(archiveFacts(read)).toEqual({ state: "complete", lengthBytes: 4608, members: 3 });
  });

  test("gives the folder and the keys, without the member named as the magic (accident 15)", () => {
    const read = readArchive(onDisk(clientArchive(key)), magic);
    const members = read.state === "complete" ? read.members : [];
    expect(members.map(({ path, kind, mode }) => [path, kind, mode])).toEqual([
      [".ssh", "folder", 0o700],
      [".ssh/authorized_keys", "file", 0o600],
      [".ssh/authorized_keys2", "file", 0o600],
    ]);
    expect(Buffer.from(members[1]?.content ?? "").toString()).toBe(key);
  });

  test("keeps a key longer than 512 bytes whole, beyond the first 4096 bytes", () => {
    const long = `ssh-rsa ${"B".repeat(9000)}\n`;
    const read = readArchive(onDisk(clientArchive(long)), magic);
    const members = read.state === "complete" ? read.members : [];
    expect(Buffer.from(members[2]?.content ?? "").toString()).toBe(long);
  });

  test("is read alike when a set-up has written its table into the first header (accident 14)", () => {
    const bytes = onDisk(clientArchive(key));
    const before = readArchive(bytes, magic);
    bytes.set(
      dosTableBytes(0x1234, { type: 0x83, startSector: 2048, sectors: 4096 }),
      dosTableOffset,
    );
    expect(readArchive(bytes, magic)).toEqual(before);
  });

  test("is read alike when the header of a GPT lies in its second block", () => {
    const bytes = onDisk(clientArchive(key));
    const before = readArchive(bytes, magic);
    bytes.fill(0x45, 512, 1024);
    expect(readArchive(bytes, magic)).toEqual(before);
  });
});

describe("the magic without an archive", () => {
  test("brings nothing", () => {
    expect(readArchive(onDisk(Buffer.from(`${magic}\n`)), magic)).toEqual({ state: "none" });
  });
});

describe("an archive that may hold more than keys", () => {
  test("drops setuid and the right of others to write", () => {
    const read = readArchive(madeArchive({ name: "bin/run", mode: 0o6777 }), magic);
    expect(read.state === "complete" && read.members[0]?.mode).toBe(0o755);
  });

  test("takes names with ./ in front and / behind", () => {
    const read = readArchive(madeArchive({ name: "./.ssh/", type: "5" }), magic);
    expect(read.state === "complete" && read.members[0]?.path).toBe(".ssh");
  });

  test("passes by the home folder itself and pax comments", () => {
    const read = readArchive(
      madeArchive(
        { name: "./", type: "5" },
        { name: "pax", type: "x", content: "22 mtime=1700000000.5\n" },
        { name: "a" },
      ),
      magic,
    );
    expect(read.state === "complete" && read.members.map(({ path }) => path)).toEqual(["a"]);
  });
});

const hostile: { name: string; members: MadeMember[]; why: string }[] = [
  { name: "an absolute name", members: [{ name: "/etc/passwd" }], why: "absolute name" },
  { name: "a name that leads upwards", members: [{ name: "../x" }], why: 'contains ".."' },
  {
    name: "a name that leads upwards inside",
    members: [{ name: "a/../../x" }],
    why: 'contains ".."',
  },
  {
    name: "a prefix that leads upwards",
    members: [{ name: "x", prefix: ".." }],
    why: 'contains ".."',
  },
  {
    name: "a symbolic link (accident 12)",
    members: [{ name: ".ssh", type: "2", linkTarget: "/root" }],
    why: "a symbolic link",
  },
  {
    name: "a hard link",
    members: [{ name: "x", type: "1", linkTarget: "/etc/shadow" }],
    why: "a hard link",
  },
  { name: "a character device", members: [{ name: "x", type: "3" }], why: "a character device" },
  { name: "a block device", members: [{ name: "x", type: "4" }], why: "a block device" },
  { name: "a fifo", members: [{ name: "x", type: "6" }], why: "a fifo" },
  { name: "an unknown type", members: [{ name: "x", type: "Z" }], why: "unknown type" },
  {
    name: "a GNU long name",
    members: [{ name: "././@LongLink", type: "L", content: "/etc/x" }],
    why: "long name",
  },
  {
    name: "a pax path",
    members: [{ name: "x", type: "x", content: "18 path=/etc/x\n" }],
    why: '"path"',
  },
  { name: "a line break in a name", members: [{ name: "a\nb" }], why: "control characters" },
  { name: "a wrong checksum", members: [{ name: "x", badChecksum: true }], why: "checksum" },
  { name: "a huge size", members: [{ name: "x", statedSize: 8 ** 11 - 1 }], why: "no end marker" },
  {
    name: "a size beyond the limit",
    members: [{ name: "x", statedSize: 1024 * 1024 }],
    why: "no end marker",
  },
  {
    name: "a folder with content",
    members: [{ name: "x", type: "5", content: "y" }],
    why: "has content",
  },
  {
    name: "a name that lies too deep",
    members: [{ name: `${"a/".repeat(20)}x` }],
    why: "too deep",
  },
];

describe("a hostile or damaged archive is refused as a whole:", () => {
  test.each(hostile)("$name", ({ members, why }) => {
    const bytes = onDisk(madeArchive({ name: "innocent" }, ...members));
    expect(refusal(bytes)).toContain(why);
  });

  test("one that is cut off inside a file", () => {
    const whole = madeArchive({ name: "x", content: "y".repeat(2000) });
    expect(refusal(whole.subarray(0, 2600))).toContain("no end marker");
  });

  test("one with a single block of zeros before more members", () => {
    const first = madeMember({ name: magic, content: magic });
    const gap = Buffer.concat([
      first,
      Buffer.alloc(512),
      madeMember({ name: "x" }),
      Buffer.alloc(1024),
    ]);
    expect(refusal(onDisk(gap))).toContain("follows a block of zeros");
  });

  test("one with too many members", () => {
    const many = Array.from({ length: 1100 }, (_, index) => ({ name: `f${index}` }));
    expect(refusal(onDisk(madeArchive(...many)))).toContain("more than 1024 members");
  });
});

describe("whatever the bytes are", () => {
  const start = madeArchive({ name: ".ssh/authorized_keys", content: key });

  test("reading them never throws, and no path leaves the home folder", () => {
    const change = fc.record({ at: fc.nat(start.length - 1), byte: fc.nat(255) });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 40 }), (changes) => {
        const bytes = Buffer.from(start);
        for (const { at, byte } of changes) {
          bytes[at] = byte;
        }
        const read = readArchive(bytes, magic);
        const paths = read.state === "complete" ? read.members.map(({ path }) => path) : [];
        for (const path of paths) {
          expect(path).not.toMatch(/^\/|(^|\/)\.\.(\/|$)|^$/);
        }
      }),
      { numRuns: 2000 },
    );
  });

  test("names with valid checksums never lead out of the home folder", () => {
    const part = fc.constantFrom("..", ".", "", "a", ".ssh", "...", "..a");
    const name = fc.array(part, { minLength: 1, maxLength: 6 }).map((parts) => parts.join("/"));
    fc.assert(
      fc.property(name, fc.constantFrom("0", "5"), (made, type) => {
        const read = readArchive(madeArchive({ name: made, type }), magic);
        const leadsOut = made.startsWith("/") || made.split("/").includes("..");
        if (leadsOut) {
          expect(read.state).toBe("refused");
        }
        const paths = read.state === "complete" ? read.members.map(({ path }) => path) : [];
        for (const path of paths) {
          expect(path.split("/")).not.toContain("..");
        }
      }),
      { numRuns: 1000 },
    );
  });
});
