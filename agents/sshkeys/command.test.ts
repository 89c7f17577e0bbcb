import { describe, expect, test } from "vitest";
import type { FakeKernel } from "../kernel/fake-kernel.testing.ts";
import { oemTable } from "../provision/credentials/made-tables.testing.ts";
import { smbiosTable } from "../provision/credentials/places.ts";
import { sshkeysCommand } from "./command.ts";
import { boot, ed25519, keyOf, publicOf, store, system } from "./made-machines.testing.ts";

describe("the command", () => {
  async function call(kernel: FakeKernel, ...words: string[]) {
    const lines: string[] = [];
    const terminal = {
      out: (text: string) => lines.push(text),
      err: (text: string) => lines.push(text),
    };
    const status = await sshkeysCommand.run(words, kernel, terminal);
    return { status, text: lines.join("\n") };
  }

  test("lists host keys and authorized keys with their fingerprints", async () => {
    const kernel = system({ authorized: `${ed25519()} me@here\n` });
    await boot(kernel);
    const { text } = await call(kernel, "list");
    expect(text).toMatch(
      /host keys \(on the data disk\):\n {2}ed25519 {2}SHA256:\S{43}\n {2}ecdsa/,
    );
    expect(text).toMatch(
      / {2}ssh-ed25519 SHA256:\S{43} me@here \(from \/home\/tc\/\.ssh\/authorized_keys\)$/,
    );
  });

  test("names the origin of each key, and whom it lets in", async () => {
    const kernel = system({ authorized: `${ed25519()}\n` });
    keyOf("ecdsa");
    const ecdsa = publicOf("ecdsa");
    const value = `io.systemd.credential:ssh.authorized_keys.root=${ecdsa}`;
    kernel.lay({ [smbiosTable]: oemTable(value) });
    await boot(kernel);
    const { text } = await call(kernel, "status");
    expect(text).toMatch(/ {2}ssh-ed25519 .* \(from \/home\/tc\/.ssh\/authorized_keys\)$/m);
    expect(text).toMatch(
      / {2}ecdsa-sha2-nistp256 .* \(for root alone, from SMBIOS credential ssh.authorized_keys.root\)$/m,
    );
  });

  test("says of a key whose source came after the boot that it counts later, and of one that is gone how long it still does", async () => {
    const kernel = system({ authorized: `${ed25519()}\n` });
    const given = (type: "ecdsa" | "rsa") => {
      keyOf(type);
      return oemTable(
        `io.systemd.credential:ssh.authorized_keys.root=${publicOf(type).split(" ").slice(0, 2).join(" ")} of-${type}`,
      );
    };
    kernel.lay({ [smbiosTable]: given("ecdsa") });
    await boot(kernel);
    kernel.lay({ [smbiosTable]: given("rsa") });
    const { text } = await call(kernel, "status");
    expect(text).toMatch(
      / of-rsa \(for root alone, from SMBIOS .*; counts from the next boot on\)$/m,
    );
    expect(text).toMatch(
      / of-ecdsa \(for root alone, from a source that is gone; counts until the next boot\)$/m,
    );
    const json = JSON.parse((await call(kernel, "status", "--json")).text);
    expect(json.authorized.map(({ counts }: { counts: string }) => counts)).toEqual([
      "now",
      "from the next boot on",
      "until the next boot",
    ]);
  });

  test("rotates one key, keeps the old one aside and lets sshd know", async () => {
    const kernel = system();
    await boot(kernel);
    const before = kernel.readText("/etc/ssh/ssh_host_ed25519_key");
    const rsa = kernel.readText("/etc/ssh/ssh_host_rsa_key");
    await call(kernel, "rotate", "ed25519");
    expect(kernel.readText("/etc/ssh/ssh_host_ed25519_key")).not.toBe(before);
    expect(kernel.readText("/etc/ssh/ssh_host_rsa_key")).toBe(rsa);
    const aside = kernel.list(store).find((name) => /^ssh_host_ed25519_key\.replaced-/.test(name));
    expect(kernel.readText(`${store}/${aside}`)).toBe(before);
    expect(kernel.signals).toEqual([{ pid: 321, signal: "SIGHUP" }]);
  });

  test("only says what it would rotate with --dry-run", async () => {
    const kernel = system();
    const { text } = await call(kernel, "rotate", "--dry-run");
    expect(text.split("\n").length).toBe(3);
    expect(kernel.runs).toEqual([]);
  });

  test.each([["rotate", "dsa"], ["destroy"], ["list", "x"]])("refuses %s %s", async (...words) => {
    await expect(call(system(), ...words)).rejects.toThrow(/unknown|expected/);
  });
});
