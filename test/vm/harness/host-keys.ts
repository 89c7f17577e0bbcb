import type { DiskOptions } from "./qemu.ts";
import { run, runOk } from "./run.ts";
import type { TestMachine } from "./test-machine.ts";

const types = ["ed25519", "ecdsa", "rsa"];

/** The host keys that lie on a used data disk of a machine that is off, "ssh-ed25519 AAAA…" each, sorted. */
export async function keptHostKeys(disk: DiskOptions): Promise<string[]> {
  const keys = types.map(async (type) => {
    const file = `/var/lib/boot2podman/etc/ssh/ssh_host_${type}_key.pub`;
    return firstTwo(await runOk(["debugfs", "-R", `cat ${file}`, `${disk.file}?offset=1048576`]));
  });
  return (await Promise.all(keys)).sort();
}

/** For one key; on a very slow host the exchange takes a minute. */
const scanSeconds = 180;
const mostScans = 5;

/**
 * The host keys that a machine's sshd shows whoever connects, sorted. One at a time, since each costs the guest a
 * process, and several times, since QEMU takes connections that come to nothing.
 */
export async function shownHostKeys(machine: TestMachine): Promise<string[]> {
  const keys: string[] = [];
  for (const type of types) {
    for (let scan = 0; scan < mostScans; scan += 1) {
      const argv = ["ssh-keyscan", "-T", String(scanSeconds), "-t", type];
      const { stdout } = await run([...argv, "-p", String(machine.sshPort), "127.0.0.1"]);
      const line = stdout.split("\n").find((one) => one !== "" && !one.startsWith("#"));
      if (line !== undefined) {
        keys.push(firstTwo(line.slice(line.indexOf(" ") + 1)));
        break;
      }
    }
  }
  return keys.sort();
}

function firstTwo(line: string): string {
  return line.trim().split(" ").slice(0, 2).join(" ");
}
