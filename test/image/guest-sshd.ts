import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { FakeKernel } from "../../agents/kernel/fake-kernel.testing.ts";
import { allowPasswords, documentedPassword } from "../../agents/sshkeys/passwords.ts";
import { freePort } from "../vm/harness/ports.ts";
import { run, runOk } from "../vm/harness/run.ts";
import { layRoot, unpackUsr } from "../vm/harness/unpacked-usr.ts";

/** How sshd answers who comes from an address: with its greeting, by turning it away, or by saying nothing. */
export type Greeting = "greeted" | "turned away";

/**
 * The image's sshd with its own settings and those of pwauth, in a root of its own on this host: a login under emulation
 * takes so long that a brake on many would never be reached. Needs root.
 */
export class GuestSshd {
  private constructor(
    readonly folder: string,
    readonly port: number,
    readonly process: ChildProcess,
  ) {}

  /** @param authorizedKey a public key that logs in as tc. */
  static async start(authorizedKey = ""): Promise<GuestSshd> {
    const folder = await mkdtemp(path.join(tmpdir(), "b2p-sshd-"));
    const parts = ["lib", "lib64", "sbin", "share/boot2podman/root"];
    await unpackUsr(path.join(folder, "usr"), parts);
    await mkdir(path.join(folder, "root"));
    const root = path.join(folder, "usr/share/boot2podman/root");
    await layPasswords(root);
    await mkdir(path.join(root, "home/tc/.ssh"), { recursive: true });
    await writeFile(path.join(root, "home/tc/.ssh/authorized_keys"), authorizedKey);
    for (const type of ["ed25519", "ecdsa", "rsa"]) {
      const key = path.join(root, `etc/ssh/ssh_host_${type}_key`);
      await runOk(["ssh-keygen", "-q", "-t", type, "-N", "", "-f", key]);
    }
    // Once: logins at the same time would write it while others run it.
    await writeFile(path.join(folder, "ask"), '#!/bin/sh\necho "$PASSWORD"\n');
    await chmod(path.join(folder, "ask"), 0o755);
    const port = await freePort();
    const argv = ["-mpf", "--kill-child", "--propagation", "private", "sh", "-c", inside, "sh"];
    const child = spawn("unshare", [...argv, folder, String(port)], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    let said = "";
    await new Promise<void>((resolve, reject) => {
      child.stderr.on("data", (chunk) => {
        said += chunk;
        if (said.includes("Server listening")) {
          resolve();
        }
      });
      child.on("exit", (status) => reject(new Error(`sshd ended with ${status}: ${said}`)));
    });
    return new GuestSshd(folder, port, child);
  }

  /** A client that waits for the greeting and leaves. */
  async poll(from: string): Promise<Greeting> {
    const socket = connect({ host: "127.0.0.1", port: this.port, localAddress: from });
    try {
      let text = "";
      for await (const chunk of socket) {
        text += chunk;
        if (text.includes("\n")) {
          break;
        }
      }
      return text.startsWith("SSH-2.0-") ? "greeted" : "turned away";
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ECONNRESET") {
        return "turned away";
      }
      throw error;
    } finally {
      socket.destroy();
    }
  }

  /** A login with a password. */
  async login(from: string, password: string): Promise<"in" | "wrong password" | "turned away"> {
    const ask = path.join(this.folder, "ask");
    const options = {
      BindAddress: from,
      UserKnownHostsFile: "/dev/null",
      StrictHostKeyChecking: "no",
      PreferredAuthentications: "password",
      NumberOfPasswordPrompts: "1",
    };
    const words = Object.entries(options).flatMap(([name, value]) => ["-o", `${name}=${value}`]);
    const argv = ["ssh", "-F", "none", ...words, "-p", String(this.port), "tc@127.0.0.1", "true"];
    const env = {
      ...process.env,
      PASSWORD: password,
      SSH_ASKPASS: ask,
      SSH_ASKPASS_REQUIRE: "force",
    };
    const { exitCode, stderr } = await run(argv, { env });
    if (exitCode === 0) {
      return "in";
    }
    if (stderr.includes("Permission denied")) {
      return "wrong password";
    }
    if (/Not allowed at this time|Connection (reset|closed)/.test(stderr)) {
      return "turned away";
    }
    throw new Error(`ssh ended with ${exitCode}: ${stderr}`);
  }

  async stop(): Promise<void> {
    if (this.process.exitCode === null) {
      const ended = once(this.process, "exit");
      // unshare lets SIGTERM pass; its child ends with it.
      this.process.kill("SIGKILL");
      await ended;
    }
    await rm(this.folder, { recursive: true, force: true });
  }
}

export { documentedPassword };

/** What the boot option pwauth lays, by its own code. */
async function layPasswords(root: string): Promise<void> {
  const shadow = await readFile(path.join(root, "etc/shadow"), "utf8");
  const kernel = new FakeKernel().lay({ "/etc/shadow": shadow, "/etc/ssh": null }).onRun("nft");
  await allowPasswords(kernel, "tc", []);
  const dropIn = "etc/ssh/sshd_config.d/10-pwauth.conf";
  await mkdir(path.dirname(path.join(root, dropIn)), { recursive: true });
  for (const file of ["etc/shadow", dropIn] as const) {
    await writeFile(path.join(root, file), kernel.readText(`/${file}`));
  }
}

/** Starts sshd in a root like the boot's. $1: the folder; $2: the port. */
const inside = `set -e
${layRoot}
mkdir -p run/sshd home/tc
chown -R 0:0 etc && chown 1000:50 home/tc
exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin chroot . /usr/sbin/sshd -D -e -p $2 -o ListenAddress=127.0.0.1
`;
