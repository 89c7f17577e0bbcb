import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FakeKernel } from "../kernel/fake-kernel.testing.ts";
import { type BootOptions, defaultBootOptions } from "../settings/boot-options.ts";
import type { HostKeyType } from "./host-keys.ts";
import { runSshkeys } from "./stage.ts";

/** Machines for tests, with keys that OpenSSH made. */

interface MadeKey {
  private: string;
  public: string;
}

const made = new Map<string, MadeKey>();

function make(type: string, variant: number): MadeKey {
  const name = `${type}-${variant}`;
  const known = made.get(name);
  if (known !== undefined) {
    return known;
  }
  const folder = mkdtempSync(join(tmpdir(), "sshkeys-stage-"));
  try {
    const path = join(folder, name);
    const bits = type === "rsa" ? ["-b", "1024"] : [];
    execFileSync("ssh-keygen", ["-q", "-t", type, ...bits, "-N", "", "-C", "", "-f", path]);
    const key = {
      private: readFileSync(path, "utf8"),
      public: readFileSync(`${path}.pub`, "utf8").trim(),
    };
    made.set(name, key);
    return key;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A private key that OpenSSH made, the same for a type until asked for another. */
export function keyOf(type: string, variant = 0): string {
  return make(type, variant).private;
}
/** The line of authorized_keys of the first key of a type. */
export function publicOf(type: string): string {
  return make(type, 0).public;
}
export const ed25519 = () => publicOf("ed25519");

export const store = "/var/lib/boot2podman/etc/ssh";

/** A system with a user, with the data disk mounted, and with ssh-keygen. */
export function system(options: { disk?: boolean; authorized?: string } = {}): FakeKernel {
  const kernel = new FakeKernel();
  kernel.lay({
    "/etc/passwd": "root:x:0:0:root:/root:/bin/sh\ntc:x:1000:50:tc:/home/tc:/bin/bash\n",
    "/etc/ssh": null,
    "/root": null,
    "/home/tc": null,
    "/var/lib/boot2podman": null,
    "/proc/cmdline": "loglevel=3",
    "/run/sshd.pid": "321\n",
  });
  if (options.authorized !== undefined) {
    authorize(kernel, options.authorized);
  }
  if (options.disk !== false) {
    kernel.mkdir("/mnt/sda1");
    kernel.mount({ source: "/dev/sda1", target: "/mnt/sda1", type: "ext4" });
    kernel.mkdir("/mnt/sda1/var/lib/boot2podman");
    kernel.mount({
      source: "/mnt/sda1/var/lib/boot2podman",
      target: "/var/lib/boot2podman",
      flags: ["bind"],
    });
  }
  const made = new Map<string, number>();
  kernel.onRun("ssh-keygen", (argv) => {
    const path = argv.at(-1) ?? "";
    const type = argv[3] ?? "";
    const variant = (made.get(type) ?? 0) + 1;
    made.set(type, variant);
    kernel.lay({ [path]: keyOf(type, variant), [`${path}.pub`]: "x" });
    return {};
  });
  return kernel;
}

export function authorize(kernel: FakeKernel, text: string): void {
  kernel.mkdirBeneath("/home/tc", ".ssh", { mode: 0o700, owner: { uid: 1000, gid: 50 } });
  kernel.writeAtomic("/home/tc/.ssh/authorized_keys", text, {
    mode: 0o600,
    owner: { uid: 1000, gid: 50 },
  });
}

export async function boot(kernel: FakeKernel, options: Partial<BootOptions> = {}) {
  const notes = { observed: null, plan: null, done: [] as string[] };
  let later: Promise<void> = Promise.resolve();
  const outcome = await runSshkeys(
    { kernel, notes, options: { ...defaultBootOptions, ...options } },
    (promise) => {
      later = promise;
    },
  );
  const beforeLater = kernel.list("/etc/ssh");
  await later;
  return { ...outcome, notes, beforeLater };
}

export function layStored(
  kernel: FakeKernel,
  type: HostKeyType,
  content: string,
  mode = 0o600,
): void {
  kernel.mkdir(store);
  kernel.writeAtomic(`${store}/ssh_host_${type}_key`, content, { mode });
}
