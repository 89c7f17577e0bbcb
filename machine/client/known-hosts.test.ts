import { createHmac } from "node:crypto";
import { expect, test } from "vitest";
import { knownHostName, withHostKeys } from "./known-hosts.ts";

const name = "[127.0.0.1]:40000";
const hashed = (host: string) => {
  const salt = Buffer.from("0123456789abcdefghij");
  const hash = createHmac("sha1", salt).update(host).digest("base64");
  return `|1|${salt.toString("base64")}|${hash}`;
};

test.each([
  ["an empty file", "", ["ssh-ed25519 A"], `${name} ssh-ed25519 A\n`],
  [
    "others' lines",
    "github.com ssh-rsa B\n",
    ["ssh-ed25519 A"],
    `github.com ssh-rsa B\n${name} ssh-ed25519 A\n`,
  ],
  ["the machine before", `${name} ssh-ed25519 OLD\n`, ["ssh-ed25519 A"], `${name} ssh-ed25519 A\n`],
  [
    "a hashed name",
    `${hashed(name)} ssh-ed25519 OLD\n`,
    ["ssh-ed25519 A"],
    `${name} ssh-ed25519 A\n`,
  ],
  ["another hashed name", `${hashed("a.b")} ssh-rsa B\n`, [], `${hashed("a.b")} ssh-rsa B\n`],
  ["nothing to keep", `${name} ssh-ed25519 OLD\n`, [], ""],
  ["another port", "[127.0.0.1]:4000 ssh-rsa B\n", [], "[127.0.0.1]:4000 ssh-rsa B\n"],
  ["a comment and no line end", "# mine", ["t k"], `# mine\n${name} t k\n`],
  ["a marked line", `@revoked ${name} t k\n`, [], `@revoked ${name} t k\n`],
])("%s", (_, before, keys, after) => {
  expect(withHostKeys(before, name, keys)).toBe(after);
  expect(withHostKeys(after, name, keys)).toBe(after);
});

test("port 22 is not named", () => {
  expect(knownHostName("10.0.0.5", 22)).toBe("10.0.0.5");
  expect(knownHostName("127.0.0.1", 40_000)).toBe(name);
});
