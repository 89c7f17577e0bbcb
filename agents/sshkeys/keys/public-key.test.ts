import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { type HostKeyType, parseHostKey } from "../host-keys.ts";
import { authorizedLine, parseAuthorizedKeys } from "./authorized-keys.ts";
import { parsePublicKey } from "./public-key.ts";

const folder = mkdtempSync(join(tmpdir(), "sshkeys-"));
afterAll(() => rmSync(folder, { recursive: true }));

interface Made {
  privateKey: Buffer;
  publicLine: string;
  fingerprint: string;
}

/** A key made by OpenSSH itself. */
function made(type: string, bits?: number): Made {
  const path = join(folder, `${type}-${bits ?? 0}-${Math.random()}`);
  const size = bits === undefined ? [] : ["-b", String(bits)];
  execFileSync("ssh-keygen", ["-q", "-t", type, ...size, "-N", "", "-C", "a@b", "-f", path]);
  const listed = execFileSync("ssh-keygen", ["-l", "-f", `${path}.pub`], { encoding: "utf8" });
  return {
    privateKey: readFileSync(path),
    publicLine: readFileSync(`${path}.pub`, "utf8").trim(),
    fingerprint: listed.split(" ")[1] ?? "",
  };
}

const kinds: [string, number | undefined, number][] = [
  ["ed25519", undefined, 256],
  ["ecdsa", 256, 256],
  ["ecdsa", 384, 384],
  ["ecdsa", 521, 521],
  ["rsa", 2048, 2048],
  ["rsa", 4096, 4096],
];
const keys = kinds.map(([type, bits, expected]) => ({ type, expected, ...made(type, bits) }));
const first = keys[0]?.publicLine ?? "";
const firstBase64 = first.split(" ")[1] ?? "";

describe("a public key made by OpenSSH", () => {
  test.each(keys)("of type $type, $expected bits, is read with its fingerprint", (key) => {
    const [type = "", base64 = ""] = key.publicLine.split(" ");
    const read = parsePublicKey(type, base64);
    expect([read.bits, read.fingerprint]).toEqual([key.expected, key.fingerprint]);
  });

  test.each(keys)("of type $type, $expected bits, is refused when one byte is missing", (key) => {
    const [type = "", base64 = ""] = key.publicLine.split(" ");
    const cut = Buffer.from(base64, "base64").subarray(0, -1).toString("base64");
    expect(() => parsePublicKey(type, cut)).toThrow("truncated");
  });
});

describe("a line of authorized_keys", () => {
  const warning = (line: string) => parseAuthorizedKeys(line).warnings[0];

  test("is taken with its options and comment", () => {
    const line = `command="echo \\"a b\\"",no-pty,from="10.0.0.0/8" ${first}`;
    const { keys: read, warnings } = parseAuthorizedKeys(line);
    expect(warnings).toEqual([]);
    expect(read.map(authorizedLine)).toEqual([line]);
    expect(read[0]?.comment).toBe("a@b");
  });

  test("counts once, comments and empty lines not at all", () => {
    const text = `# mine\n\n${first}\r\n  ${first} again\n`;
    expect(parseAuthorizedKeys(text)).toMatchObject({ keys: [{ comment: "a@b" }], warnings: [] });
  });

  test.each([
    ["ssh-dss AAAAB3NzaC1kc3MAAACBAP x@y", 'line 1 ("x@y"): DSA keys are no longer accepted'],
    ["hello", 'line 1 ("hello"): "hello" is neither a key type nor an option'],
    [`ssh-ed25519 ${firstBase64.slice(0, -8)} x`, "truncated"],
    ["ssh-ed25519 !!!! x", "it is not base64"],
    ["ssh-ed25519", "it is not base64"],
    [`ssh-rsa ${firstBase64} x`, "it says ssh-rsa, but holds a key of type ssh-ed25519"],
    [`no-such-option ${first}`, "neither a key type nor an option"],
    [`command=echo ${first}`, "neither a key type nor an option"],
    [`no-pty="x" ${first}`, "neither a key type nor an option"],
    [`ssh-ed25519-cert-v01@openssh.com ${firstBase64}`, "neither a key type nor an option"],
    [`${first}\u0007`, "control characters"],
  ])("that is wrong is left out by name: %s", (line, expected) => {
    expect(parseAuthorizedKeys(line).keys).toEqual([]);
    expect(warning(line)).toContain(expected);
  });

  test("that is wrong leaves the others", () => {
    const { keys: read, warnings } = parseAuthorizedKeys(`rubbish\n${first}\nmore rubbish`);
    expect([read.length, warnings.length]).toEqual([1, 2]);
  });

  test("an RSA key of 1023 bits or less is refused", () => {
    const short = Buffer.concat([
      ...["ssh-rsa", "\u0001\u0000\u0001"].map((text) => field(Buffer.from(text, "latin1"))),
      field(Buffer.alloc(96, 0x7f)),
    ]);
    expect(() => parsePublicKey("ssh-rsa", short.toString("base64"))).toThrow(
      "767 bits is too short",
    );
  });

  test("whatever is in the file, reading it ends, and what is taken can be read again", () => {
    const piece = fc.oneof(
      fc.string(),
      fc.constantFrom(first, "ssh-ed25519 ", 'command="', '\\"', ",", "\n", " ", firstBase64),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const { keys: read } = parseAuthorizedKeys(pieces.join(""));
        const again = parseAuthorizedKeys(read.map(authorizedLine).join("\n"));
        expect(again.keys.map(({ key }) => key.base64)).toEqual(read.map(({ key }) => key.base64));
        expect(again.warnings).toEqual([]);
      }),
      { numRuns: 2000 },
    );
  });
});

function isIn(offset: number, start: number, length: number): boolean {
  return offset >= start && offset < start + length;
}

function field(bytes: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

describe("a host key made by OpenSSH", () => {
  const hostKeys = keys.map((key) => ({ ...key, type: key.type as HostKeyType }));

  test.each(hostKeys)("of type $type, $expected bits, is read with its public half", (key) => {
    const read = parseHostKey(key.type, key.privateKey);
    expect(`${read.public.type} ${read.public.base64} a@b`).toBe(key.publicLine);
  });

  test("of another type than its name says is refused", () => {
    const rsa = keys.find(({ type }) => type === "rsa")?.privateKey ?? Buffer.alloc(0);
    expect(() => parseHostKey("ed25519", rsa)).toThrow("it is a key of type ssh-rsa");
  });

  test("is refused when it is empty, cut off or not a key", () => {
    const whole = keys[0]?.privateKey ?? Buffer.alloc(0);
    expect(() => parseHostKey("ed25519", Buffer.alloc(0))).toThrow("empty");
    expect(() => parseHostKey("ed25519", whole.subarray(0, 200))).toThrow(
      "not an OpenSSH private key",
    );
    expect(() => parseHostKey("ed25519", Buffer.alloc(400))).toThrow("not an OpenSSH private key");
  });

  test("with a passphrase is refused", () => {
    const path = join(folder, "locked");
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "secret", "-f", path]);
    expect(() => parseHostKey("ed25519", readFileSync(path))).toThrow("passphrase");
  });

  test("is refused, whichever byte outside the private numbers is damaged", () => {
    const whole = keys[0]?.privateKey.toString("latin1") ?? "";
    const lines = whole.trim().split("\n");
    const bytes = Buffer.from(lines.slice(1, -1).join(""), "base64");
    // ed25519: a seed of 32 bytes, the public half again, the comment with its length, the padding.
    const comment = bytes.lastIndexOf("a@b");
    const seed = comment - 4 - 64;
    for (let offset = 0; offset < bytes.length; offset += 1) {
      const isPrivate = isIn(offset, seed, 32) || isIn(offset, comment, 3);
      if (isPrivate) {
        continue;
      }
      const damaged = Buffer.from(bytes);
      damaged[offset] = (damaged[offset] ?? 0) ^ 0x40;
      const text = [lines[0], damaged.toString("base64"), lines.at(-1)].join("\n");
      expect(() => parseHostKey("ed25519", Buffer.from(text)), `byte ${offset}`).toThrow();
    }
  });
});
