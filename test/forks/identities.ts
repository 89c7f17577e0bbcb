import type { Laboratory } from "./laboratory.ts";

/** What no two machines may have alike, and what prints it, a line each. */
const marks = [
  ["urandom", "head -c 32 /dev/urandom | base64"],
  ["boot_id", "cat /proc/sys/kernel/random/boot_id"],
  ["kernel's uuid", "cat /proc/sys/kernel/random/uuid"],
  ["host name", "hostname"],
  ["machine's uuid", "cat /var/lib/boot2podman/last-machine"],
  ["host key ed25519", "cut -d' ' -f2 /etc/ssh/ssh_host_ed25519_key.pub"],
  ["host key ecdsa", "cut -d' ' -f2 /etc/ssh/ssh_host_ecdsa_key.pub"],
  ["random seed", "head -c 16 /var/lib/boot2podman/random-seed | base64"],
  // As a server of TLS makes one, by OpenSSL.
  [
    "key made there",
    "rm -f /tmp/key; ssh-keygen -q -t ecdsa -N '' -f /tmp/key; cut -d' ' -f2 /tmp/key.pub",
  ],
] as const;
const script = [...marks.map(([, command]) => command), "date +%s"].join("; ");
const clockMayBeOffS = 30;

/** What was seen of machines that may have nothing alike. */
export class Identities {
  readonly #found = new Map<string, Set<string>>(marks.map(([what]) => [what, new Set()]));
  #count = 0;

  constructor(readonly laboratory: Laboratory) {}

  /** Looks at one more; its clock has to be right, too. */
  async look(name: string): Promise<void> {
    const { machine, expectThat } = this.laboratory;
    const lines = (await machine("ssh", "-l", "root", name, script)).trim().split("\n");
    const offS = Number(lines.pop()) - Date.now() / 1000;
    if (lines.length !== marks.length || !(Math.abs(offS) < clockMayBeOffS)) {
      const log = await machine("ssh", "-l", "root", name, "dmesg | grep 'time: '");
      expectThat(
        false,
        `${name} says who it is, and its clock is off by ${offS.toFixed(0)} s: ${log}`,
      );
    }
    this.#count += 1;
    for (const [index, [what]] of marks.entries()) {
      this.#found.get(what)?.add(lines[index] ?? "");
    }
  }

  /** Holds that all of them differ. */
  check(): void {
    for (const [what, values] of this.#found) {
      const { size } = values;
      this.laboratory.expectThat(
        size === this.#count,
        `${what} of ${this.#count} machines: ${size} different`,
      );
    }
  }
}
