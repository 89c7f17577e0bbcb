import { keyPath } from "../store/config.ts";
import type { Machine } from "../store/machines.ts";
import type { SshTarget } from "./client.ts";

/** Where to log in to a machine, as its config says; another user only when one is named. */
export function sshTarget(machine: Machine, user = machine.config.Driver.SSHUser): SshTarget {
  const { IPAddress, SSHPort } = machine.config.Driver;
  return {
    name: machine.name,
    user,
    host: IPAddress,
    port: SSHPort,
    keyPath: keyPath(machine.files.folder, machine.config),
    knownHostsPath: machine.files.knownHosts,
  };
}
