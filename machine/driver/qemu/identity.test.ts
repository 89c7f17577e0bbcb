import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { makeIdentity } from "./identity.ts";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "b2p-identity-"));
});
afterEach(() => rm(folder, { recursive: true }));

/** The members of an archive by their names. */
function membersOf(archive: Buffer): Map<string, string> {
  const found = new Map<string, string>();
  for (let at = 0; archive[at] !== 0 && at < archive.length; ) {
    const name = archive.toString("latin1", at, at + 100).replace(/\0.*$/, "");
    const size = Number.parseInt(archive.toString("latin1", at + 124, at + 135), 8);
    found.set(name, archive.toString("latin1", at + 512, at + 512 + size));
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return found;
}

test("two identities have nothing alike but the form, and no key stays on this host", async () => {
  const one = await makeIdentity("a", join(folder), false);
  const other = await makeIdentity("b", join(folder), false);
  const [first, second] = [membersOf(one.archive), membersOf(other.archive)];
  expect([...first.keys()]).toEqual([...second.keys()]);
  const alike = [...first].filter(([name, text]) => second.get(name) === text);
  // Of one folder there is one machine.
  expect(alike.map(([name]) => name)).toEqual(["var/lib/boot2podman/last-machine"]);
  expect(first.get("etc/hostname")).toBe("a\n");
  expect(first.get("etc/ssh/ssh_host_ed25519_key")).toContain("OPENSSH PRIVATE KEY");
  expect(one.hostKeys).toEqual([
    expect.stringMatching(/^ecdsa-sha2-nistp256 /),
    expect.stringMatching(/^ssh-ed25519 /),
  ]);
  expect(await readdir(folder)).toEqual([]);
});

test("one that keeps its host keys gets none", async () => {
  const { archive, hostKeys } = await makeIdentity("a", folder, true);
  expect([...membersOf(archive).keys()].join(" ")).not.toContain("ssh");
  expect(hostKeys).toBeUndefined();
});
