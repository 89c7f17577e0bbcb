import { findUser, type User } from "../../accounts/find-user.ts";
import type { ListeningSocket } from "../../kernel/events.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { KernelError } from "../../kernel/kernel-error.ts";
import { openDhcpProxySocket, serveDhcpProxy } from "./dhcp-proxy.ts";
import { openPodmanSocket, serveSocket, service } from "./podman-socket.ts";

/** Root alone makes files here; a link where clients look leads to the socket. */
const sockets = "/run/boot2podman";

/** Serves root's podman, the user's own one, and DHCP of root's containers. Never returns. */
export function serveBothPodmans(kernel: Kernel, userName: string): Promise<never> {
  const user = findUser(kernel, userName);
  if (user !== undefined && user.uid !== 0) {
    try {
      const socket = openUserPodmanSocket(kernel, user);
      void serveSocket(kernel, socket, userServiceCommand(user), `podman-${user.name}`);
    } catch (error) {
      if (!(error instanceof KernelError)) {
        throw error;
      }
      kernel.tellKernelLog(`no socket for the podman of ${userName}: ${error.message}`);
    }
  }
  const socket = openPodmanSocket(kernel);
  void serveDhcpProxy(kernel, openDhcpProxySocket(kernel));
  return serveSocket(kernel, socket);
}

/** Makes the socket of the user's own podman, /run/user/UID/podman/podman.sock. */
export function openUserPodmanSocket(kernel: Kernel, { uid, gid }: User): ListeningSocket {
  const path = `${sockets}/podman-${uid}.sock`;
  const socket = kernel.listenUnix(path, 0o600);
  kernel.chown(path, { uid, gid });
  const folder = `/run/user/${uid}/podman`;
  if (kernel.lstat(folder) === undefined) {
    kernel.mkdirBeneath(`/run/user/${uid}`, "podman", { mode: 0o700, owner: { uid, gid } });
    kernel.withFolderBeneath(`/run/user/${uid}`, "podman", (there) =>
      kernel.symlink(path, `${there}/podman.sock`),
    );
  }
  return socket;
}

/** As root's, but run by the user, and in the cgroup where limits of the user's containers work. */
export function userServiceCommand({ name, uid }: User): string[] {
  const group = `/sys/fs/cgroup/user.slice/user-${uid}/session/cgroup.procs`;
  const joined = `[ -e ${group} ] && echo $$ >${group}; exec su -s /bin/sh "$1" -c "$2"`;
  const served = `cd; export LISTEN_PID=$$ XDG_RUNTIME_DIR=/run/user/${uid}; exec ${service.join(" ")}`;
  return ["/bin/sh", "-c", joined, "sh", name, served];
}
