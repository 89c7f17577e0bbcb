import { expect, test } from "vitest";
import { formatMagic, userdataArchive } from "./userdata-archive.ts";

const key = `ssh-rsa ${"A".repeat(372)}`;
const archive = userdataArchive({ publicKey: `${key} person@host\n` });

/** A header's numbers and what follows them; its checksum comes last. POSIX ends a number by a space or NUL. */
function header(at: number, name: string, mode: string, size: string, type: string, sum: string) {
  return [
    [at, `${name}\0`, "the name"],
    [at + 0x64, `${mode} \0`, "the mode"],
    [at + 0x6c, "000000 \0", "the owner, root"],
    [at + 0x74, "000000 \0", "the group, root"],
    [at + 0x7c, `${size} \0`, "the size, in octal"],
    [at + 0x88, "0000000000 \0", "the time, the epoch"],
    [at + 0x94, `${sum} \0`, "the checksum"],
    [at + 0x9c, `${type}\0`, "the type, 0 a file, 5 a directory"],
    [at + 0x101, "ustar\u000000", "the format"],
    [at + 0x149, "000000 \u0000", "no major number of a device"],
    [at + 0x151, "000000 \u0000", "no minor one"],
  ] as const;
}

const everyByte = [
  ...header(0x000, formatMagic, "000000", "0000000035", "0", "014332"),
  [0x200, `${formatMagic}\0`, "the magic again, as its content"],
  ...header(0x400, ".ssh", "000700", "0000000000", "5", "007607"),
  ...header(0x600, ".ssh/authorized_keys", "000644", "0000000575", "0", "013043"),
  [0x800, `${key}\n\0`, "the key without its comment"],
  ...header(0xa00, ".ssh/authorized_keys2", "000644", "0000000575", "0", "013125"),
  [0xc00, `${key}\n\0`, "the same key"],
  [0xe00, "\0".repeat(1024), "two blocks of zeros"],
] as const;

test.each(everyByte)("at %i lies %j: %s", (offset, expected) => {
  expect(archive.toString("latin1", offset, offset + expected.length)).toBe(expected);
});

test("the first bytes are the magic, at which the guest looks", () => {
  expect(archive.toString("latin1", 0, 29)).toBe("boot2podman, please format-me");
});

test("all other bytes are zero", () => {
  const rest = Buffer.from(archive);
  for (const [offset, { length }] of everyByte) {
    rest.fill(0, offset, offset + length);
  }
  expect(rest.equals(Buffer.alloc(rest.length))).toBe(true);
});

test("the archive ends after the two blocks of zeros", () => {
  expect(archive.length).toBe(4608);
});

test("an ed25519 key makes an archive of the same length", () => {
  const line = `ssh-ed25519 ${"B".repeat(68)}`;
  expect(userdataArchive({ publicKey: line }).length).toBe(4608);
});

test("a line that is no key is refused", () => {
  expect(() => userdataArchive({ publicKey: "nonsense" })).toThrow("Not a public key");
});
