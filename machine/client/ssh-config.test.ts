import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { includedSshConfig, withInclude } from "./ssh-config.ts";

const target = {
  name: "box",
  user: "tc",
  host: "127.0.0.1",
  port: 40_000,
  keyPath: "/my %d/id_ed25519",
  knownHostsPath: "/my %d/known_hosts",
};

/** What ssh itself makes of a config for a destination. */
function settingsOf(...destination: string[]): Record<string, string> {
  const folder = mkdtempSync(join(tmpdir(), "ssh-config-"));
  try {
    const path = join(folder, "config");
    writeFileSync(path, includedSshConfig(target), { mode: 0o600 });
    const result = spawnSync("ssh", ["-T", "-G", "-F", path, ...destination], { encoding: "utf8" });
    expect(result.stderr).toBe("");
    return Object.fromEntries(
      result.stdout
        .split("\n")
        .map((line) => [line.split(" ")[0] ?? "", line.split(" ").slice(1).join(" ")]),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("ssh finds the machine by its name", () => {
  expect(settingsOf("box.podman-machine")).toMatchObject({
    hostname: "127.0.0.1",
    port: "40000",
    user: "tc",
    identityfile: "/my %%d/id_ed25519",
    identitiesonly: "yes",
    hostkeyalias: "box",
  });
  expect(settingsOf("root@box.podman-machine").user).toBe("root");
});

test("ssh finds the key by the port, as docker asks for it, and for no other port", () => {
  expect(settingsOf("-l", "root", "-p", "40000", "127.0.0.1")).toMatchObject({
    identityfile: "/my %%d/id_ed25519",
    user: "root",
  });
  expect(settingsOf("-p", "40001", "127.0.0.1").identityfile).not.toContain("/my");
});

test("the line that includes all machines is added once, and first", () => {
  const once = withInclude("Host x\n  User y\n", "/s");
  expect(once).toBe('Include "/s/machines/*/ssh_config"\n\nHost x\n  User y\n');
  expect(withInclude(once, "/s")).toBe(once);
});
