import { expect, test } from "vitest";
import { documented } from "./documented.ts";

/** As npm run fleet asks for them: a VM is too late to notice that the page has changed. */
const examples: ReadonlyArray<[start: string, words: readonly string[]]> = [
  ["<domain", ['type="kvm"', "host-passthrough", "one.qcow2", "one-seed.img", "<os>"]],
  ["#!ipxe", ["ssh-ed25519 …"]],
  ["set timeout=0", ["ssh-ed25519 …"]],
];

test.for(examples)(
  "docs/fleet.md has the example that begins with %s, with what is changed in it",
  ([start, words]) => {
    const changes = Object.fromEntries(words.map((word, index) => [word, `changed-${index}`]));
    const text = documented(start, changes);
    for (const [word, other] of Object.entries(changes)) {
      expect(text).toContain(other);
      expect(text).not.toContain(word);
    }
  },
);

test("an example or a word that the page doesn't have is an error", () => {
  expect(() => documented("no such example", {})).toThrow(/has no example that begins with/);
  expect(() => documented("#!ipxe", { "no such word": "" })).toThrow(/has no no such word/);
});
