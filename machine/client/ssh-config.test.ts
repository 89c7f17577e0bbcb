import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { sshClientVersion } from "../ssh/client-version.ts";
import { hostileOptions } from "./hostile-options.testing.ts";
import { includedSshConfig, includeLine, withInclude } from "./ssh-config.ts";

const clientVersion = await sshClientVersion();

const target = {
  name: "box",
  user: "tc",
  host: "127.0.0.1",
  port: 40_000,
  keyPath: "/my %d/id_ed25519",
  knownHostsPath: "/my %d/known_hosts",
};

/** What ssh itself makes of a config, in which more may come after the machine's, for a destination. */
function settingsWith(more: string, ...destination: string[]): Record<string, string> {
  const folder = mkdtempSync(join(tmpdir(), "ssh-config-"));
  try {
    const path = join(folder, "config");
    writeFileSync(path, `${includedSshConfig(target, clientVersion)}\n${more}`, { mode: 0o600 });
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

const settingsOf = (...destination: string[]) => settingsWith("", ...destination);

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

/** Words of `ssh -G` about what doesn't decide whether a machine is reached, or adds to what it says. */
const harmless = [
  ...["certificatefile", "identityfile", "gssapiauthentication", "hostbasedauthentication"],
  ...["numberofpasswordprompts", "visualhostkey", "verifyhostkeydns", "hashknownhosts"],
  ...["forwardx11", "forwardagent", "batchmode", "localcommand", "localforward", "controlpersist"],
  ...["bindinterface", "connectionattempts"],
];

describe.each([
  ["by its name", ["box.podman-machine"]],
  ["by its port, as docker does", ["-l", "root", "-p", "40000", "127.0.0.1"]],
])(
  "whatever a person's config says for all hosts, ssh reaches the machine %s",
  (_, destination) => {
    test.each(hostileOptions)("%s", (option) => {
      const found = settingsWith(`Host *\n  ${option}\n`, ...destination);
      const usual = settingsOf(...destination);
      for (const name of harmless) {
        delete found[name];
        delete usual[name];
      }
      expect(found).toEqual(usual);
    });
  },
);

test("a client that knows none of the newer words is told none of them", () => {
  const older = includedSshConfig(target, 804);
  expect(older).not.toMatch(/SessionType|StdinNull|ForkAfterAuthentication|KnownHostsCommand/);
  expect(includedSshConfig(target, undefined)).toBe(older);
  expect(includedSshConfig(target, 907)).toContain("SessionType default");
});

test("a machine that is reached with the person's own keys leaves them their agent", () => {
  const own = includedSshConfig({ ...target, keyPath: undefined }, 907);
  expect(own).toContain("ProxyCommand none");
  expect(own).not.toMatch(/IdentityAgent|PKCS11Provider|PreferredAuthentications/);
});

test("a machine elsewhere is reached by the way that the person's config knows", () => {
  const elsewhere = includedSshConfig({ ...target, host: "10.0.0.5", port: 22 }, 907);
  expect(elsewhere).toContain("HostName 10.0.0.5");
  expect(elsewhere).not.toMatch(/Proxy|BindAddress|RemoteCommand|PreferredAuthentications/);
});

describe("the line that includes all machines", () => {
  const line = 'Include "/s/machines/*/ssh_config"';

  test("is added once, and first", () => {
    const once = withInclude("Host x\n  User y\n", "/s");
    expect(once).toBe(`${line}\n\nHost x\n  User y\n`);
    expect(withInclude(once, "/s")).toBe(once);
  });

  test.each([
    ["after comments", `# mine\n\n${line}\nHost x\n`, `# mine\n\n${line}\nHost x\n`],
    [
      "after another store's",
      `Include "/t/machines/*/ssh_config"\n${line}\n`,
      `Include "/t/machines/*/ssh_config"\n${line}\n`,
    ],
    ["below a host", `Host x\n  User y\n${line}\n`, `${line}\n\nHost x\n  User y\n`],
    ["below a host, indented", `Host x\n  ${line}\n`, `${line}\n\nHost x\n`],
    ["after an option", `User y\n${line}\n`, `${line}\n\nUser y\n`],
  ])("%s: counts for all hosts, and before them", (_, before, after) => {
    expect(withInclude(before, "/s")).toBe(after);
  });

  test.each(["plain", "with space", "50% %d", "a[b]c", "$HOME", "q'uo\"te", "st*r", "ünïcode"])(
    "finds machines of the store %s",
    (name) => {
      const folder = mkdtempSync(join(tmpdir(), "ssh-include-"));
      try {
        const store = join(folder, name);
        mkdirSync(join(store, "machines/box"), { recursive: true });
        const keyPath = join(store, "machines/box/id_ed25519");
        const text = includedSshConfig({ ...target, keyPath }, clientVersion);
        writeFileSync(join(store, "machines/box/ssh_config"), text, { mode: 0o600 });
        const config = join(folder, "config");
        writeFileSync(config, withInclude("", store), { mode: 0o600 });
        const argv = ["-G", "-F", config, "box.podman-machine"];
        const { stdout, stderr } = spawnSync("ssh", argv, { encoding: "utf8" });
        expect(stderr).toBe("");
        expect(stdout).toContain("port 40000\n");
        // ssh shows it as it was written.
        expect(stdout).toContain(`identityfile ${keyPath.replaceAll("%", "%%")}\n`);
        expect(includeLine(store)).toMatch(/^Include "[^"%$]*"$/);
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
  );
});
