import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, existsSync, openSync } from "node:fs";
import { chmod, chown, mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import type { Identity } from "../vm/harness/data-disk.ts";
import { newDiskImage } from "../vm/harness/disk-image.ts";
import { eventually } from "../vm/harness/eventually.ts";
import { patienceMs } from "../vm/harness/patience.ts";
import { type Result, run, runOk } from "../vm/harness/run.ts";
import { documented } from "./documented.ts";

/** Debian's nobody: libvirt's session is meant for ordinary users. */
const uid = 65534;
const name = "one";

/** libvirt's daemon of an ordinary user, with a home of its own. */
class LibvirtSession {
  private constructor(
    private readonly prefix: readonly string[],
    private readonly daemon: ChildProcess,
    /** What the daemon has said. */
    readonly log: string,
    private readonly loggerPid: string,
  ) {}

  static async open(folder: string): Promise<LibvirtSession> {
    const names = { HOME: "home", XDG_RUNTIME_DIR: "run", XDG_CONFIG_HOME: "config" };
    const folders = Object.entries({ ...names, XDG_CACHE_HOME: "cache" });
    for (const [, one] of folders) {
      await mkdir(path.join(folder, one), { mode: 0o700 });
      await chown(path.join(folder, one), uid, uid);
    }
    const prefix = [
      ...["setpriv", "--reuid", String(uid), "--regid", String(uid), "--clear-groups"],
      ...["env", "-i", "LANG=C.UTF-8", "TERM=dumb", `PATH=/usr/sbin:/usr/bin:/sbin:/bin`],
      ...folders.map(([variable, one]) => `${variable}=${path.join(folder, one)}`),
    ];
    const [command = "", ...words] = [...prefix, "libvirtd"];
    const log = path.join(folder, "libvirtd.log");
    const written = openSync(log, "w");
    const daemon = spawn(command, words, { stdio: ["ignore", written, written] });
    closeSync(written);
    const session = new LibvirtSession(
      prefix,
      daemon,
      log,
      path.join(folder, "run/libvirt/virtlogd.pid"),
    );
    await eventually(
      () => session.run("version"),
      ({ exitCode }) => exitCode === 0,
    );
    return session;
  }

  private argv(words: readonly string[]): string[] {
    return [...this.prefix, "virsh", "-q", "-c", "qemu:///session", ...words];
  }

  run(...words: string[]): Promise<Result> {
    return run(this.argv(words));
  }

  async virsh(...words: string[]): Promise<string> {
    return (await runOk(this.argv(words))).trim();
  }

  /** Types lines at `virsh console`, which wants a terminal, until `expected` is shown. */
  async console(typed: string, expected: RegExp): Promise<void> {
    const argv = [...this.prefix, "virsh", "-q", "-c", "qemu:///session", "console", name];
    const child = spawn("script", ["-qefc", argv.join(" "), "/dev/null"], {
      stdio: ["pipe", "pipe", "ignore"],
    });
    let shown = "";
    await new Promise<void>((resolve, reject) => {
      const again = setInterval(() => child.stdin.write(`${typed}\n`), 2_000);
      const timer = setTimeout(() => end(new Error(`the console showed ${shown}`)), patienceMs);
      const end = (error?: Error) => {
        clearInterval(again);
        clearTimeout(timer);
        child.kill();
        error === undefined ? resolve() : reject(error);
      };
      child.stdin.on("error", end);
      child.stdout.on("data", (data) => {
        shown += data;
        if (expected.test(shown)) {
          end();
        }
      });
      child.on("exit", (code) => end(new Error(`virsh console ended with ${code}: ${shown}`)));
    });
  }

  /** Ends the domain, if it runs still, and the daemon. */
  async close(): Promise<void> {
    await this.run("destroy", name);
    // The daemon starts another one that writes consoles' logs, which would stay for two minutes.
    if (existsSync(this.loggerPid)) {
      process.kill(Number(await readFile(this.loggerPid, "utf8")));
    }
    const gone = new Promise((resolve) => this.daemon.once("exit", resolve));
    this.daemon.kill();
    await gone;
  }
}

/** The domain of docs/fleet.md in a session of libvirt's: by BIOS, and by UEFI with Secure Boot. */
export async function checkLibvirt(identity: Identity, say: (text: string) => void): Promise<void> {
  await chmod(identity.folder, 0o711);
  const disk = await newDiskImage(identity, 20);
  const seed = path.join(identity.folder, "one-seed.img");
  const [user, meta] = [
    path.join(identity.folder, "user-data"),
    path.join(identity.folder, "meta-data"),
  ];
  await writeFile(user, `#cloud-config\nssh_authorized_keys: ["${identity.publicKey.trim()}"]\n`);
  await writeFile(meta, "instance-id: one\nlocal-hostname: fleet-one\n");
  await runOk(["cloud-localds", seed, user, meta]);
  await chown(disk.file, uid, uid);
  const session = await LibvirtSession.open(identity.folder);
  try {
    say(`libvirt ${await session.virsh("version", "--daemon").then(daemonVersion)}`);
    const changes = {
      'type="kvm"': 'type="qemu"',
      "host-passthrough": "maximum",
      "/var/lib/libvirt/images/one.qcow2": disk.file,
      "/var/lib/libvirt/images/one-seed.img": seed,
      // An ordinary user has no bridge.
      '<interface type="network">': '<interface type="user">',
      '      <source network="default"/>\n': "",
    };
    for (const [firmware, more] of [
      ["BIOS", {}],
      ["UEFI with Secure Boot", { "<os>": '<os firmware="efi">' }],
    ] as const) {
      const xml = path.join(identity.folder, `${name}.xml`);
      await writeFile(xml, documented("<domain", { ...changes, ...more }));
      await session.virsh("define", xml);
      const started = Date.now();
      await session.virsh("start", name);
      const address = await eventually(
        () => session.run("domifaddr", name, "--source", "agent"),
        ({ stdout }) => /\bipv4 +10\.0\.2\.15\/24/.test(stdout),
      );
      const seconds = ((Date.now() - started) / 1000).toFixed(1);
      say(
        `by ${firmware}: domifaddr after ${seconds} s: ${/\S+ +\S+ +ipv4 +10\..*/.exec(address.stdout)?.[0]}`,
      );
      assert.equal(await session.virsh("domhostname", name, "--source", "agent"), "fleet-one");
      assert.match(await session.virsh("guestinfo", name, "--os"), /os\.name +: .*boot2podman/i);
      await session.console(
        "echo $((40 + 2)) $([ -d /sys/firmware/efi ] && echo uefi || echo bios)",
        firmware === "BIOS" ? /^42 bios/m : /^42 uefi/m,
      );
      const asked = Date.now();
      await session.virsh("shutdown", name);
      await eventually(
        () => session.virsh("domstate", name),
        (state) => state === "shut off",
      );
      say(
        `by ${firmware}: domhostname, guestinfo, console; off ${((Date.now() - asked) / 1000).toFixed(1)} s after shutdown`,
      );
      await session.virsh("undefine", name, "--nvram");
    }
  } catch (error) {
    console.error((await readFile(session.log, "utf8")).slice(-4000));
    throw error;
  } finally {
    await session.close();
  }
}

function daemonVersion(text: string): string {
  return /daemon: (\S+)/.exec(text)?.[1] ?? text;
}
