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

/** The host keys that a machine's sshd shows whoever connects, sorted. */
export async function shownHostKeys(machine: TestMachine): Promise<string[]> {
  const port = String(machine.sshPort);
  const { stdout } = await run(["ssh-keyscan", "-T", "600", "-p", port, "127.0.0.1"]);
  const lines = stdout.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return lines.map((line) => firstTwo(line.slice(line.indexOf(" ") + 1))).sort();
}

function firstTwo(line: string): string {
  return line.trim().split(" ").slice(0, 2).join(" ");
}
