import { createConnection } from "node:net";
import path from "node:path";
import { expect } from "vitest";
import { type Attached, test } from "./attached.ts";

function logIn({ boots, identity }: Attached, user: string, key: string) {
  return boots.machine.logIn(user, path.join(identity.folder, key));
}

/** Keys that come neither from a disk nor by userdata, and what sshd takes. */
export function keyTests(): void {
  test("takes keys from its firmware, a NoCloud CD and the command line, and says which from where", async ({
    attached: { boots, identity },
  }) => {
    const shown = await boots.machine.root("sshkeys status");
    const credential = "credential ssh.";
    for (const [comment, from] of [
      ["test", `from SMBIOS ${credential}ephemeral-authorized_keys-all`],
      ["bootc", "for root alone, from SMBIOS credential tmpfiles.extra"],
      ["firmware", `for root alone, from fw_cfg ${credential}authorized_keys.root`],
      ["nocloud", "from NoCloud disk /dev/sr0"],
      ["option", "from the setting boot2podman.key"],
    ]) {
      expect(shown).toMatch(new RegExp(`^ +ssh-ed25519 \\S+ ${comment} \\(${from}\\)$`, "m"));
    }
    const login = (user: string, key: string) => logIn({ boots, identity }, user, key);
    expect((await login("tc", "nocloud")).stdout.trim()).toBe("tc");
    expect((await login("root", "firmware")).stdout.trim()).toBe("root");
    expect((await login("tc", "firmware")).exitCode).toBe(255);
    expect((await login("root", "bootc")).stdout.trim()).toBe("root");
    expect((await login("tc", "bootc")).exitCode).toBe(255);
  });

  test("lets nobody in whose key stands in a text of the NoCloud CD, runs none of it, and says so", async ({
    attached: { boots, identity },
  }) => {
    for (const user of ["tc", "root"]) {
      expect((await logIn({ boots, identity }, user, "stranger")).exitCode).toBe(255);
    }
    expect(await boots.machine.root("sshkeys status; ls /run")).not.toMatch(/stranger|\bran\b/);
    const status = await boots.machine.root("boot2podman status");
    expect(status).toContain(
      "not honoured: write_files, runcmd, a part of type text/x-shellscript",
    );
    expect(status).toContain("no such user here, ignored: eve (1 key)");
  });

  test("has the name that the NoCloud CD gives it", async ({ attached: { boots } }) => {
    expect(await boots.machine.root("hostname && cat /etc/hostname")).toBe("web-7\nweb-7");
  });

  test("greets a client that connects and leaves 60 times, and lets it in afterwards", async ({
    attached,
  }) => {
    const { machine } = attached.boots;
    await machine.closeSessions();
    for (let poll = 0; poll < 60; poll += 1) {
      expect(await greeting(machine.sshPort)).toMatch(/^SSH-2\.0-/);
    }
    expect(await machine.root("id -un")).toBe("root");
  });

  test("has an sshd whose settings are sound, and modern algorithms only", async ({
    attached: { boots },
  }) => {
    const settings = await boots.machine.root("/usr/sbin/sshd -t && /usr/sbin/sshd -T");
    expect(settings).toMatch(/^passwordauthentication no$/m);
    expect(settings).toMatch(/^permitrootlogin (without|prohibit)-password$/m);
    // A failure is forgiven faster than clients try again that wait for their key; who only greets has none.
    expect(settings).toMatch(/^persourcepenalties .*authfail:2 .*noauth:0 .*max:40 min:30 /m);
    expect(settings).toMatch(/^maxstartups 20:30:60$/m);
    const lists = settings
      .split("\n")
      .filter((line) =>
        /^(ciphers|macs|kexalgorithms|hostkeyalgorithms|pubkeyaccepted)/.test(line),
      );
    expect(lists.length).toBeGreaterThanOrEqual(5);
    for (const line of lists) {
      expect(line).not.toMatch(
        /sha1|md5|cbc|3des|arcfour|ssh-dss|[ ,]ssh-rsa|umac-64|group1-|none/,
      );
    }
  });
}

/** The first bytes that the port says to whoever connects, as clients look whether a machine is ready. */
function greeting(port: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = createConnection(port, "127.0.0.1");
    socket.once("data", (bytes) => {
      socket.destroy();
      resolve(bytes.toString());
    });
    for (const end of ["error", "close"]) {
      socket.once(end, () => resolve(""));
    }
  });
}
