import type { Kernel } from "../kernel/kernel.ts";

/** How healthy a container is, as the last check left it. */
export interface ContainerHealth {
  /** Whose Podman it is: "root", "tc". */
  owner: string;
  name: string;
  id: string;
  /** Podman's own word: "starting", "healthy" or "unhealthy"; "unknown" while Podman can't say. */
  health: string;
  /** Checks in a row that failed. */
  failingStreak: number;
  /** Why Podman could not check, when it could not. */
  trouble?: string;
}

const folder = "/run/boot2podman/health";

/** Leaves it where the status looks. Throws a KernelError when /run is full. */
export function writeContainerHealth(kernel: Kernel, health: ContainerHealth): void {
  kernel.mkdir(folder, { mode: 0o755 });
  kernel.writePlain(`${folder}/${health.id}.json`, `${JSON.stringify(health)}\n`);
}

/** Takes it away, of a container that doesn't run any more. */
export function removeContainerHealth(kernel: Kernel, id: string): void {
  if (kernel.exists(`${folder}/${id}.json`)) {
    kernel.unlink(`${folder}/${id}.json`);
  }
}

/** Forgets all, when nobody knows any more whether they run. */
export function clearContainerHealth(kernel: Kernel): void {
  for (const name of kernel.listIfPresent(folder)) {
    kernel.unlink(`${folder}/${name}`);
  }
}

/** All containers that run and have a check, by owner and name. */
export function readContainerHealth(
  kernel: Pick<Kernel, "listIfPresent" | "readText">,
): ContainerHealth[] {
  const found = kernel.listIfPresent(folder).map((name) => {
    // Written by the resident agent of this very version, in a folder of root's.
    return JSON.parse(kernel.readText(`${folder}/${name}`)) as ContainerHealth;
  });
  const key = ({ owner, name }: ContainerHealth) => `${owner === "root" ? "" : owner} ${name}`;
  return found.sort((one, other) => key(one).localeCompare(key(other)));
}
