import { expect, test } from "vitest";
import { FORMAT_MAGIC, userdataArchive } from "./userdata-archive.ts";

const KEY = `ssh-rsa ${"A".repeat(372)}`;
const archive = userdataArchive({ publicKey: `${KEY} person@host\n` });

test.each([
  [0x000, 29, FORMAT_MAGIC, "the name of the first member is the magic"],
  [0x064, 8, "0000000\0", "its mode"],
  [0x06c, 8, "0000000\0", "its owner"],
  [0x07c, 12, "00000000035\0", "its size, 29 in octal"],
  [0x088, 12, "00000000000\0", "its time"],
  [0x09c, 1, "0", "its type, a file"],
  [0x101, 8, "ustar\u000000", "the format"],
  [0x200, 30, `${FORMAT_MAGIC}\0`, "the magic again, as its content"],
  [0x400, 5, ".ssh\0", "the folder, without a slash"],
  [0x464, 8, "0000700\0", "its mode"],
  [0x49c, 1, "5", "its type, a directory"],
  [0x600, 21, ".ssh/authorized_keys\0", "the file with the key"],
  [0x664, 8, "0000644\0", "its mode"],
  [0x67c, 12, "00000000575\0", "its size, 381 in octal"],
  [0x800, 382, `${KEY}\n\0`, "the key without its comment"],
  [0xa00, 22, ".ssh/authorized_keys2\0", "the second file with the key"],
  [0xc00, 382, `${KEY}\n\0`, "the same key"],
  [0xe00, 1024, "\0".repeat(1024), "two blocks of zeros"],
])("at 0x%s lie %i bytes: %j, %s", (offset, bytes, expected) => {
  expect(archive.toString("latin1", offset, offset + bytes)).toBe(expected);
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
