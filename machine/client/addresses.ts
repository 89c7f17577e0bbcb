import type { Machine } from "../store/machines.ts";

/** Whose podman, in the words of ssh and of the socket. */
const userId = 1000;

/** The user whom clients of a machine's podman log in as. */
export function podmanUser(machine: Machine, rootful = machine.config.HostOptions.Rootful): string {
  const { SSHUser } = machine.config.Driver;
  if (rootful) {
    return "root";
  }
  return SSHUser === "root" ? "tc" : SSHUser;
}

/** Where podman's remote client finds a machine's podman. */
export function podmanUrl(machine: Machine, rootful = machine.config.HostOptions.Rootful): string {
  const { IPAddress, SSHPort } = machine.config.Driver;
  const folder = rootful ? "/run" : `/run/user/${userId}`;
  return `ssh://${podmanUser(machine, rootful)}@${IPAddress}:${SSHPort}${folder}/podman/podman.sock`;
}

/** Where docker's client finds it: it runs `docker system dial-stdio` there, over ssh. */
export function dockerUrl(machine: Machine): string {
  const { IPAddress, SSHPort } = machine.config.Driver;
  return `ssh://${podmanUser(machine)}@${IPAddress}:${SSHPort}`;
}
