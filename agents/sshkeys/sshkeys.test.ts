import { describe, expect, test } from "vitest";
import { defaultBootOptions } from "../settings/boot-options.ts";
import { hostKeyTypes } from "./host-keys.ts";
import {
  authorize,
  boot,
  ed25519,
  keyOf,
  layStored,
  publicOf,
  store,
  system,
} from "./made-machines.testing.ts";
import { sshkeysStage } from "./stage.ts";

describe("the first boot", () => {
  test("has ed25519 and ecdsa before sshd, RSA afterwards, and all are stored", async () => {
    const kernel = system({ authorized: ed25519() });
    const { beforeLater } = await boot(kernel);
    expect(beforeLater.filter((name) => name.endsWith("_key"))).toEqual([
      "ssh_host_ecdsa_key",
      "ssh_host_ed25519_key",
    ]);
    for (const type of hostKeyTypes) {
      const name = `ssh_host_${type}_key`;
      expect(kernel.readText(`${store}/${name}`)).toBe(kernel.readText(`/etc/ssh/${name}`));
      expect(kernel.stat(`/etc/ssh/${name}`)).toMatchObject({ mode: 0o600, uid: 0 });
      expect(kernel.stat(`${store}/${name}`)).toMatchObject({ mode: 0o600, uid: 0 });
      expect(kernel.stat(`/etc/ssh/${name}.pub`)).toMatchObject({ mode: 0o644 });
    }
  });

  test("lets RSA, which nobody waits for, give way to the rest of the boot", async () => {
    const kernel = system();
    await boot(kernel);
    const made = kernel.runs.filter(({ argv }) => argv[0] === "ssh-keygen");
    const giving = made
      .filter(({ options }) => "givesWay" in options && options.givesWay)
      .map(({ argv }) => argv[3]);
    expect(made.map(({ argv }) => argv[3])).toEqual([...hostKeyTypes]);
    expect(giving).toEqual(["rsa"]);
  });

  test("leaves no private key in the work folder", async () => {
    const kernel = system();
    await boot(kernel);
    expect(kernel.list("/run/boot2podman/new-host-keys")).toEqual([]);
  });

  test("without a data disk says that keys change", async () => {
    const { message } = await boot(system({ disk: false, authorized: ed25519() }));
    expect(message).toBe(
      "1 authorized key; host keys temporary, in RAM: they change on every boot",
    );
  });

  test("with a full disk still has host keys, and says that they aren't stored", async () => {
    const kernel = system({ authorized: ed25519() });
    kernel.failOn("mkdirBeneath", /boot2podman\/etc/, "ENOSPC");
    const { message } = await boot(kernel);
    expect(kernel.exists("/etc/ssh/ssh_host_ed25519_key")).toBe(true);
    expect(message).toContain("the new ed25519 host key could not be stored");
  });

  test("works when ssh-keygen can make only one type", async () => {
    const kernel = system();
    kernel.onRun("ssh-keygen", (argv) => {
      if (argv[3] !== "ecdsa") {
        return { exitCode: 1, stderr: "no" };
      }
      kernel.lay({ [argv.at(-1) ?? ""]: keyOf("ecdsa") });
      return {};
    });
    const { message } = await boot(kernel);
    expect(kernel.list("/etc/ssh")).toContain("ssh_host_ecdsa_key");
    expect(message).toContain("-t ed25519");
  });

  test("fails when no host key can be made", async () => {
    const kernel = system();
    kernel.onRun("ssh-keygen", { exitCode: 1, stderr: "no entropy" });
    await expect(boot(kernel)).rejects.toThrow("no entropy");
  });
});

describe("a later boot", () => {
  test("uses the stored keys and makes none", async () => {
    const kernel = system();
    for (const type of hostKeyTypes) {
      layStored(kernel, type, keyOf(type));
    }
    await boot(kernel);
    expect(kernel.runs).toEqual([]);
    for (const type of hostKeyTypes) {
      expect(kernel.readText(`/etc/ssh/ssh_host_${type}_key`)).toBe(keyOf(type));
    }
  });

  test.each([
    ["empty", "", 0o600, "it is empty"],
    ["damaged", "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n", 0o600, "not an OpenSSH private key"],
    ["readable by others", "sound", 0o644, "its mode 0644 (uid 0) lets others read it"],
  ])("puts a stored key that is %s aside and makes a new one", async (_, content, mode, why) => {
    const kernel = system();
    layStored(kernel, "ed25519", content === "sound" ? keyOf("ed25519") : content, mode);
    const { message } = await boot(kernel);
    expect(message).toContain(why);
    const names = kernel
      .list(store)
      .filter((name) => name.startsWith("ssh_host_ed25519_key.damaged-"));
    expect(names.length).toBe(1);
    expect(message).toContain(`kept as ${names[0]}`);
    expect(kernel.readText(`${store}/ssh_host_ed25519_key`)).toContain("BEGIN OPENSSH");
  });

  test("takes no host key through a link", async () => {
    const kernel = system();
    kernel.mkdir(store);
    kernel.lay({ "/tmp/mine": keyOf("ed25519") });
    kernel.symlink("/tmp/mine", `${store}/ssh_host_ed25519_key`);
    const { message } = await boot(kernel);
    expect(message).toContain("it is a link, not a file");
    expect(kernel.readText("/tmp/mine")).toBe(keyOf("ed25519"));
  });

  test("uses a key in the format of earlier systems", async () => {
    const kernel = system();
    const old = "-----BEGIN RSA PRIVATE KEY-----\nMIIC\n-----END RSA PRIVATE KEY-----\n";
    layStored(kernel, "rsa", old);
    const line = `${publicOf("rsa")}\n`;
    kernel.onRun("ssh-keygen", (argv) => {
      if (argv[1] === "-y") {
        return { stdout: line };
      }
      kernel.lay({ [argv.at(-1) ?? ""]: keyOf(argv[3] ?? "") });
      return {};
    });
    await boot(kernel);
    expect(kernel.readText("/etc/ssh/ssh_host_rsa_key")).toBe(old);
    expect(kernel.readText("/etc/ssh/ssh_host_rsa_key.pub").trim()).toBe(
      line.trim().split(" ", 2).join(" "),
    );
  });
});

describe("authorized keys", () => {
  test("of the user are root's too, with strict modes", async () => {
    const kernel = system({ authorized: `${ed25519()} me@here\n` });
    await boot(kernel);
    expect(kernel.readText("/root/.ssh/authorized_keys")).toContain(`${ed25519()} me@here\n`);
    expect(kernel.stat("/root/.ssh/authorized_keys")).toMatchObject({ mode: 0o600, uid: 0 });
    expect(kernel.stat("/root/.ssh")).toMatchObject({ mode: 0o700, uid: 0 });
  });

  test("that the user took away are taken from root (accident 13)", async () => {
    const kernel = system({ authorized: ed25519() });
    await boot(kernel);
    authorize(kernel, "# none\n");
    await boot(kernel);
    expect(kernel.readText("/root/.ssh/authorized_keys")).not.toContain("ssh-ed25519");
  });

  test("that are wrong are left out and named", async () => {
    const kernel = system({ authorized: `ssh-ed25519 AAAA broken\n${ed25519()}\n` });
    const { message } = await boot(kernel);
    expect(message).toContain('line 1 ("broken")');
    expect(kernel.readText("/root/.ssh/authorized_keys")).not.toContain("broken");
    expect(kernel.consoleLines.join("\n")).toContain('line 1 ("broken")');
  });

  test("are not read through a link (accident 12)", async () => {
    const kernel = system();
    kernel.lay({ "/etc/secret": `${ed25519()} secret\n`, "/home/tc/.ssh": null });
    kernel.symlink("/etc/secret", "/home/tc/.ssh/authorized_keys");
    const { message } = await boot(kernel);
    expect(kernel.readText("/root/.ssh/authorized_keys")).not.toContain("secret");
    expect(message).toContain("ELOOP");
  });

  test("are not read through a folder that is a link (accident 12)", async () => {
    const kernel = system();
    kernel.lay({ "/srv/keys/authorized_keys": `${ed25519()} elsewhere\n` });
    kernel.symlink("/srv/keys", "/home/tc/.ssh");
    await boot(kernel);
    expect(kernel.readText("/root/.ssh/authorized_keys")).not.toContain("elsewhere");
  });

  test("that others may write are pointed out, since sshd will not take them", async () => {
    const kernel = system({ authorized: ed25519() });
    kernel.chmod("/home/tc/.ssh/authorized_keys", 0o666);
    expect((await boot(kernel)).message).toContain("others may write authorized_keys");
  });

  test("when there are none it is said", async () => {
    expect((await boot(system())).message).toContain("nobody can log in over SSH");
  });

  test("are in place even when host keys can't be made", async () => {
    const kernel = system({ authorized: ed25519() });
    kernel.onRun("ssh-keygen", { exitCode: 1 });
    await boot(kernel).catch(() => undefined);
    expect(kernel.readText("/root/.ssh/authorized_keys")).toContain("ssh-ed25519");
  });
});

describe("keys of the data disk that were read ahead of its mount", () => {
  test("are all that the host shows: none is made beside them", async () => {
    const kernel = system({ disk: false });
    layStored(kernel, "ecdsa", keyOf("ecdsa"));
    const { message } = await boot(kernel);
    expect(message).toContain("host keys of the data disk, read ahead of its mount");
    expect(kernel.runs).toEqual([]);
    expect(kernel.list("/etc/ssh")).toEqual(["ssh_host_ecdsa_key", "ssh_host_ecdsa_key.pub"]);
  });

  test("are waited for as long as the data disk can still bring them", () => {
    expect(sshkeysStage.settled).toEqual(["automount"]);
  });
});

test("new keys that nothing keeps are said to be temporary on the console", async () => {
  const kernel = system({ disk: false });
  await boot(kernel);
  expect(kernel.consoleLines.join("\n")).toContain("the host keys are new and temporary");
  const kept = system();
  await boot(kept);
  expect(kept.consoleLines.join("\n")).not.toContain("temporary");
});

describe("when the stage fails", () => {
  test("the plain way gives the stored host keys, and makes none beside them", async () => {
    const kernel = system({ authorized: ed25519() });
    layStored(kernel, "ecdsa", keyOf("ecdsa"));
    layStored(kernel, "rsa", "damaged");
    const notes = { observed: null, plan: null, done: [] };
    await sshkeysStage.onFailure?.({ kernel, options: defaultBootOptions, notes });
    expect(kernel.runs).toEqual([]);
    expect(kernel.readText("/etc/ssh/ssh_host_ecdsa_key")).toBe(keyOf("ecdsa"));
    expect(kernel.exists("/etc/ssh/ssh_host_rsa_key")).toBe(false);
    expect(kernel.consoleLines).toEqual([]);
  });

  test("the plain way still gives a host key and the user's keys to root", async () => {
    const kernel = system({ authorized: ed25519() });
    const notes = { observed: null, plan: null, done: [] };
    await sshkeysStage.onFailure?.({ kernel, options: defaultBootOptions, notes });
    expect(kernel.exists("/etc/ssh/ssh_host_ed25519_key")).toBe(true);
    expect(kernel.readText("/root/.ssh/authorized_keys")).toBe(ed25519());
  });
});
