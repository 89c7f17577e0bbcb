import { podmanUrl } from "../client/addresses.ts";
import { keyPath } from "../store/config.ts";
import type { Machine } from "../store/machines.ts";

/** The command as it is called in the repository. */
const command = "machine/podman-machine";

/** How to reach a machine, in commands that can be copied. */
export function connectionLines(machine: Machine): string[] {
  const { name, config, files } = machine;
  const { IPAddress, SSHPort, SSHUser } = config.Driver;
  const key = keyPath(files.folder, config) ?? "";
  return [
    "A shell in it:",
    `  ${command} ssh ${name}`,
    `  ssh -i ${key} -p ${SSHPort} ${SSHUser}@${IPAddress}`,
    "Its podman, from podman on this host:",
    `  podman --url ${podmanUrl(machine)} --identity ${key} ps`,
    `  eval $(${command} env ${name})   # then: podman ps`,
    "To shut it down (data stays):",
    "  npm stop",
  ];
}
