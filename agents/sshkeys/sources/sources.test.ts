import { describe, expect, test } from "vitest";
import { readCloudConfig } from "../../provision/nocloud/cloud-config.ts";
import { authorize, boot, ed25519, publicOf, system } from "../made-machines.testing.ts";
import { credentialOf, keysOfCredentials } from "./credentials.ts";
import { oemTable } from "./made-tables.testing.ts";
import { firmwareConfig, smbiosTable } from "./places.ts";
import { oemStrings } from "./smbios.ts";

const base64 = (text: string) => Buffer.from(text).toString("base64");
const tc = { name: "tc", home: "/home/tc" };

describe("SMBIOS type 11", () => {
  test("gives its strings, whatever structures stand around it", () => {
    expect(oemStrings(oemTable("one", "two=2"))).toEqual(["one", "two=2"]);
  });

  test.each([
    ["empty", new Uint8Array()],
    ["cut off in a structure", oemTable("one").subarray(0, 3)],
    ["with a structure of no length", Uint8Array.from([11, 0, 0, 0, 65, 0, 0])],
  ])("gives nothing for a table that is %s", (_, table) => {
    expect(oemStrings(table)).toEqual([]);
  });

  test("of a table cut off within its strings gives the whole ones", () => {
    const table = oemTable("one", "two");
    expect(oemStrings(table.subarray(0, table.length - 10))).toEqual(["one"]);
  });
});

describe("a credential", () => {
  test.each([
    ["io.systemd.credential:a.b=text", { name: "a.b", text: "text" }],
    [`io.systemd.credential.binary:a=${base64("x\ny=")}`, { name: "a", text: "x\ny=" }],
  ])("is read from %s", (text, credential) => {
    expect(credentialOf(text)).toMatchObject(credential);
  });

  test.each(["", "OEM string", "io.systemd.credential:", "io.systemd.credentials:a=b"])(
    "is not seen in %j",
    (text) => expect(credentialOf(text)).toBeUndefined(),
  );

  const given = (name: string, text: string) =>
    keysOfCredentials([{ name, text, from: "test" }], tc);

  test("for root is for root alone, the ephemeral one for everybody, others for nobody", () => {
    expect(given("ssh.authorized_keys.root", "k").texts).toMatchObject([
      { for: "root", text: "k" },
    ]);
    expect(given("ssh.ephemeral-authorized_keys-all", "k").texts).toMatchObject([{ for: "user" }]);
    expect(given("passwd.hashed-password.root", "k").texts).toEqual([]);
  });

  test("tmpfiles.extra gives the keys in the form of podman-bootc", () => {
    const lines = (home: string, user: string) =>
      `d ${home}/.ssh 0750 ${user} ${user} -\nf+~ ${home}/.ssh/authorized_keys 700 ${user} ${user} - ${base64("the key\n")}\n`;
    expect(given("tmpfiles.extra", lines("/root", "root")).texts).toEqual([
      { for: "root", from: "test", text: "the key\n" },
    ]);
    expect(given("tmpfiles.extra", lines("/home/tc", "tc")).texts[0]?.for).toBe("user");
    expect(given("tmpfiles.extra", lines("/home/eve", "eve"))).toMatchObject({
      texts: [],
      warnings: ["test: /home/eve/.ssh/authorized_keys is of nobody here"],
    });
  });

  test("tmpfiles.extra does nothing else that such a file could ask for", () => {
    const other = "w /proc/sysrq-trigger - - - - b\nf /etc/shadow 0600 root root - root::\n";
    expect(given("tmpfiles.extra", other)).toEqual({ texts: [], warnings: [] });
  });
});

describe("NoCloud's user-data", () => {
  test.each([
    [
      "a list",
      "#cloud-config\nssh_authorized_keys:\n  - a b c\n  - 'd e'\nother: x\n",
      ["a b c", "d e"],
    ],
    ["a list at its name's column", 'ssh_authorized_keys:\n- "a b" # mine\n', ["a b"]],
    ["brackets", "ssh_authorized_keys: [a b, 'c, d']\n", ["a b", "c, d"]],
    [
      "a user's list",
      "users:\n  - default\n  - name: me\n    ssh_authorized_keys:\n      - a b\n    shell: x\n",
      ["a b"],
    ],
    [
      "a user whose list comes first",
      "users:\n  - ssh_authorized_keys:\n      - a b\n    name: me\n",
      ["a b"],
    ],
    ["one value", "public-keys: a b\n", ["a b"]],
    ["another list", "packages:\n  - vim\nruncmd:\n  - [ls]\n", []],
    ["a script", "#!/bin/sh\necho ssh_authorized_keys: no\n", []],
  ])("gives the keys of %s", (_, text, keys) => {
    expect(readCloudConfig(text).keys).toEqual(keys);
  });

  test("gives the host's name, not that of something else", () => {
    expect(readCloudConfig("hostname: web # x\n").hostname).toBe("web");
    expect(readCloudConfig("local-hostname: web\n").hostname).toBe("web");
    expect(readCloudConfig("chef:\n  hostname: web\n").hostname).toBeUndefined();
  });
});

describe("the stage", () => {
  const root = "/etc/ssh/authorized_keys.d/root";
  const user = "/etc/ssh/authorized_keys.d/tc";
  const keysIn = (text: string) => text.split("\n").filter((line) => /^(ssh|ecdsa)-/.test(line));

  test("without anything handed in makes no file and loads nothing", async () => {
    const kernel = system({ authorized: ed25519() });
    await boot(kernel);
    expect(kernel.exists("/etc/ssh/authorized_keys.d")).toBe(false);
  });

  test("merges all sources, each key once, with their origins in its record", async () => {
    const kernel = system();
    const [one, two, three] = ["ed25519", "ecdsa", "rsa"].map(publicOf);
    kernel.lay({
      [smbiosTable]: oemTable(`io.systemd.credential:ssh.ephemeral-authorized_keys-all=${one}`),
      [`${firmwareConfig}/ssh.authorized_keys.root/raw`]: `${two}\n${one}\n`,
      "/var/lib/boot2podman/authorized_keys": `${three}\n`,
      "/var/lib/boot2podman/authorized_keys.d/more": `${three}\n`,
    });
    const { message, notes } = await boot(kernel, { keys: [`${one} again`] });
    expect(keysIn(kernel.readText(user))).toEqual([three, `${one} again`]);
    expect(keysIn(kernel.readText(root))).toEqual([three, `${one} again`, two]);
    expect(message).toMatch(/^3 authorized keys \(also from .*the setting boot2podman.key/);
    expect(JSON.stringify(notes.observed)).toContain("fw_cfg credential ssh.authorized_keys.root");
  });

  test("reads no key out of the name of a file that holds one", async () => {
    const name = `x\n${publicOf("ecdsa")}`.replaceAll("/", "");
    const kernel = system();
    kernel.lay({ [`/var/lib/boot2podman/authorized_keys.d/${name}`]: `${ed25519()}\n` });
    await boot(kernel);
    expect(keysIn(kernel.readText(root))).toEqual([ed25519()]);
  });

  test("reads the NoCloud CD, and takes it off again", async () => {
    const kernel = system();
    const cd = new Uint8Array(64 * 1024);
    cd.set(Buffer.from("\x01CD001"), 32768);
    cd.set(Buffer.from("CIDATA".padEnd(32)), 32768 + 40);
    kernel.addBlockDevice("/dev/sr0", cd).lay({ "/sys/block/sr0": null });
    const inside = system().lay({
      "/cd/user-data": `#cloud-config\nssh_authorized_keys:\n  - ${ed25519()}\n`,
    });
    kernel.filesystems.set("/dev/sr0", inside.tree.get("test", "/cd", true));
    const { message } = await boot(kernel);
    expect(keysIn(kernel.readText(user))).toEqual([ed25519()]);
    expect(message).toContain("also from NoCloud disk /dev/sr0");
    expect(kernel.mounts().some(({ source }) => source === "/dev/sr0")).toBe(false);
  });

  test("leaves bad lines and unreadable sources out by name, and takes the rest", async () => {
    const kernel = system();
    kernel.lay({ "/var/lib/boot2podman/authorized_keys": `ssh-ed25519 AAAA bad\n${ed25519()}\n` });
    kernel.lay({ [smbiosTable]: oemTable() }).failOn("read", smbiosTable, "EIO");
    const { message } = await boot(kernel);
    expect(keysIn(kernel.readText(user))).toEqual([ed25519()]);
    expect(message).toContain('/var/lib/boot2podman/authorized_keys: line 1 ("bad")');
    expect(message).toContain("EIO");
  });

  test("takes no keys through a link on the data disk", async () => {
    const kernel = system().lay({ "/etc/secret": `${ed25519()}\n` });
    kernel.symlink("/etc/secret", "/var/lib/boot2podman/authorized_keys");
    const { message } = await boot(kernel);
    expect(kernel.exists(user)).toBe(false);
    expect(message).toContain("ELOOP");
  });

  test("a key that the user removed stays removed while others are handed in", async () => {
    const kernel = system();
    authorize(kernel, "");
    await boot(kernel, { keys: [publicOf("ecdsa")] });
    expect(keysIn(kernel.readText("/root/.ssh/authorized_keys"))).toEqual([]);
    expect(keysIn(kernel.readText(user))).toEqual([publicOf("ecdsa")]);
  });
});

describe("pwauth", () => {
  const shadow = "root:*:19000:0:99999:7:::\ntc:*:19000:0:99999:7:::\n";

  test("gives the user, and not root, the documented password, and says so loudly", async () => {
    const kernel = system().lay({ "/etc/shadow": shadow });
    const { message } = await boot(kernel, { passwordLogin: true });
    expect(kernel.readText("/etc/shadow")).toMatch(/^root:\*:19000.*\ntc:\$6\$[^:]+:19000:/);
    expect(kernel.stat("/etc/shadow")?.mode).toBe(0o600);
    expect(kernel.readText("/etc/ssh/sshd_config.d/10-pwauth.conf")).toBe(
      "PasswordAuthentication yes\n",
    );
    expect(message).toContain(
      'EVERYBODY who reaches this machine can log in as tc with the documented password "tcuser"',
    );
    expect(kernel.consoleLines.join("\n")).toContain("EVERYBODY");
  });

  test("that doesn't work keeps nobody with a key out", async () => {
    const kernel = system({ authorized: ed25519() });
    const { message } = await boot(kernel, { passwordLogin: true });
    expect(message).toContain("pwauth: no password for tc");
    expect(kernel.exists("/etc/ssh/ssh_host_ed25519_key")).toBe(true);
  });

  test("is off by default", async () => {
    const kernel = system().lay({ "/etc/shadow": shadow });
    await boot(kernel);
    expect(kernel.readText("/etc/shadow")).toBe(shadow);
    expect(kernel.exists("/etc/ssh/sshd_config.d")).toBe(false);
  });
});
