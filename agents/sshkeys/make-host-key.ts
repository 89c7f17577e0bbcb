import type { Kernel } from "../kernel/kernel.ts";
import { runChecked } from "../kernel/run-checked.ts";
import type { SystemPath } from "../kernel/system-path.ts";
import { type HostKey, type HostKeyType, parseHostKey } from "./host-keys.ts";

/** One that gives way to all else has the quiet of a busy machine only when that has come to rest. */
const makeTimeout = { quietMs: 120_000, mostMs: 4 * 3_600_000 };
const maxKeyBytes = 64 * 1024;
/** RAM: a private key must not lie half-written on a disk. */
const workFolder = "/run/boot2podman/new-host-keys";

/** Makes a new host key with ssh-keygen and its defaults for that type; `givesWay` when nobody waits for it. */
export async function makeHostKey(
  kernel: Kernel,
  type: HostKeyType,
  { givesWay = false }: { givesWay?: boolean } = {},
): Promise<HostKey> {
  kernel.mkdir(workFolder, { mode: 0o700 });
  const path: SystemPath = `${workFolder}/${type}-${kernel.pid()}-${kernel.uptimeMs()}`;
  try {
    const command = ["ssh-keygen", "-q", "-t", type, "-N", "", "-C", "", "-f", path];
    await runChecked(kernel, command, { timeoutMs: makeTimeout, givesWay });
    return parseHostKey(type, kernel.read(path, maxKeyBytes));
  } finally {
    for (const file of [path, `${path}.pub`]) {
      if (kernel.exists(file)) {
        kernel.unlink(file);
      }
    }
  }
}
