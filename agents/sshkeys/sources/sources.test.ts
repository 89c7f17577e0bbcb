import { describe, expect, test } from "vitest";
import { oemTable } from "../../provision/credentials/made-tables.testing.ts";
import { firmwareConfig, smbiosTable } from "../../provision/credentials/places.ts";
import { authorize, boot, ed25519, publicOf, system } from "../made-machines.testing.ts";
import { keysOnlyRuleset } from "../passwords.ts";

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
  const dropIn = "/etc/ssh/sshd_config.d/10-pwauth.conf";
  const shadow = "root:*:19000:0:99999:7:::\ntc:*:19000:0:99999:7:::\n";

  test("gives the user, and not root, the documented password, and says so loudly", async () => {
    const kernel = system().lay({ "/etc/shadow": shadow }).onRun("nft");
    const { message } = await boot(kernel, { passwordLogin: true });
    expect(kernel.readText("/etc/shadow")).toMatch(/^root:\*:19000.*\ntc:\$6\$[^:]+:19000:/);
    expect(kernel.stat("/etc/shadow")?.mode).toBe(0o600);
    expect(message).toContain(
      'EVERYBODY who reaches this machine over its network can log in as tc with the documented password "tcuser"',
    );
    expect(kernel.consoleLines.join("\n")).toContain("EVERYBODY");
  });

  test("takes no password where containers and the machine itself are led to", async () => {
    const kernel = system().lay({ "/etc/shadow": shadow }).onRun("nft");
    const { message } = await boot(kernel, { passwordLogin: true });
    expect(kernel.runs.find(({ argv }) => argv[0] === "nft")).toMatchObject({
      argv: ["nft", "-f", "-"],
      options: { stdin: keysOnlyRuleset },
    });
    expect(keysOnlyRuleset).toMatch(/iifkind != "none" tcp dport 22 .* redirect to :24\n/);
    expect(keysOnlyRuleset).toMatch(/oifname "lo" tcp dport 22 redirect to :24\n/);
    expect(kernel.readText(dropIn)).toBe(
      "Port 24\nPasswordAuthentication yes\nMatch LocalPort 24\n  PasswordAuthentication no\n",
    );
    expect(message).toContain("containers and the machine itself can not");
  });

  test("takes none over SSH at all when these can't be led there", async () => {
    const kernel = system().lay({ "/etc/shadow": shadow });
    kernel.onRun("nft", () => ({ exitCode: 1, stderr: "Operation not supported\n" }));
    const { message } = await boot(kernel, { passwordLogin: true });
    expect(kernel.exists(dropIn)).toBe(false);
    expect(message).toContain("no password over SSH, at the console only");
    expect(message).not.toContain("EVERYBODY");
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

describe("the user's own authorized_keys", () => {
  const served = "/etc/ssh/authorized_keys.d/tc";

  test("that starts with a byte order mark lets the user in like root, whose copy has none", async () => {
    const kernel = system({ authorized: `\uFEFF${ed25519()}\r\n` });
    const { notes } = await boot(kernel);
    expect(kernel.readText("/root/.ssh/authorized_keys")).toMatch(/\nssh-ed25519 /);
    expect(kernel.readText(served)).toBe(`# /home/tc/.ssh/authorized_keys\n${ed25519()}\n`);
    expect(notes.done.join("\n")).toContain("byte order mark");
  });

  test("that has none is served to nobody a second time", async () => {
    const kernel = system({ authorized: ed25519() });
    await boot(kernel);
    expect(kernel.exists(served)).toBe(false);
  });

  test("with blanks that sshd doesn't know lets neither the user nor root in", async () => {
    const kernel = system({ authorized: `\u00a0${ed25519()}\n` });
    const { message } = await boot(kernel);
    expect(kernel.readText("/root/.ssh/authorized_keys")).not.toContain("ssh-ed25519");
    expect(message).toContain("line 1");
  });

  test("is not the place of a NoCloud disk's keys, which are for users that are here alone", async () => {
    const kernel = system();
    const cd = new Uint8Array(64 * 1024);
    cd.set(Buffer.from("\x01CD001"), 32768);
    cd.set(Buffer.from("CIDATA".padEnd(32)), 32768 + 40);
    kernel.addBlockDevice("/dev/sr0", cd).lay({ "/sys/block/sr0": null });
    const inside = system().lay({
      "/cd/USER-DATA": `#cloud-config\nruncmd: [reboot]\nusers:\n- {name: eve, ssh_authorized_keys: [${publicOf("ecdsa")}]}\n- {name: root, ssh_authorized_keys: [${ed25519()}]}\n`,
    });
    kernel.filesystems.set("/dev/sr0", inside.tree.get("test", "/cd", true));
    const { message } = await boot(kernel);
    expect(kernel.readText(served)).not.toContain("ssh-");
    expect(kernel.readText("/etc/ssh/authorized_keys.d/root")).toContain(ed25519());
    expect(message).toContain("no such user here, ignored: eve (1 key)");
    expect(message).toContain("NoCloud disk /dev/sr0: not honoured: runcmd");
  });
});
