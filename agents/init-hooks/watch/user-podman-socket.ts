import { findUser, type User } from "../../accounts/find-user.ts";
import type { ListeningSocket } from "../../kernel/events.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { KernelError } from "../../kernel/kernel-error.ts";
import { openDhcpProxySocket, serveDhcpProxy } from "./dhcp-proxy.ts";
import { openPodmanSocket, serveSocket, service, withDefaultEnvironment } from "./podman-socket.ts";

/** Root alone makes files here; a link where clients look leads to the socket. */
const sockets = "/run/boot2podman";

/** Serves root's podman, the user's own one, both over Varlink too, and DHCP of root's containers. Never returns. */
export function serveBothPodmans(kernel: Kernel, userName: string): Promise<never> {
  const user = findUser(kernel, userName);
  if (user !== undefined && user.uid !== 0) {
    tried(kernel, `the podman of ${userName}`, () => {
      const socket = openUserPodmanSocket(kernel, user);
      void serveSocket(kernel, socket, userServiceCommand(user), `podman-${user.name}`);
    });
  }
  const socket = openPodmanSocket(kernel);
  void serveDhcpProxy(kernel, openDhcpProxySocket(kernel));
  tried(kernel, "Varlink", () => serveVarlink(kernel, user));
  return serveSocket(kernel, socket);
}

/** What goes wrong with one socket is no reason not to have the others. */
function tried(kernel: Kernel, what: string, open: () => void): void {
  try {
    open();
  } catch (error) {
    if (!(error instanceof KernelError)) {
      throw error;
    }
    kernel.tellKernelLog(`no socket for ${what}: ${error.message}`);
  }
}

/** Makes the socket of the user's own podman, /run/user/UID/podman/podman.sock, or one beside it. */
export function openUserPodmanSocket(
  kernel: Kernel,
  { uid, gid }: User,
  name: "podman.sock" | "io.podman" = "podman.sock",
): ListeningSocket {
  const path = `${sockets}/${name === "podman.sock" ? "podman" : name}-${uid}.sock`;
  const socket = kernel.listenUnix(path, 0o600);
  kernel.chown(path, { uid, gid });
  const folder = `/run/user/${uid}/podman`;
  if (kernel.lstat(folder) === undefined) {
    kernel.mkdirBeneath(`/run/user/${uid}`, "podman", { mode: 0o700, owner: { uid, gid } });
  }
  if (kernel.lstat(folder)?.kind === "folder") {
    kernel.withFolderBeneath(`/run/user/${uid}`, "podman", (there) => {
      if (kernel.lstat(`${there}/${name}`) === undefined) {
        kernel.symlink(path, `${there}/${name}`);
      }
    });
  }
  return socket;
}

/** Serves Podman over Varlink, root's and the user's own, and says to anybody where they are and how the machine is. */
export function serveVarlink(kernel: Kernel, user: User | undefined): void {
  const command = (name: string) => ["varlink", "serve", name];
  const podman = kernel.listenUnix("/run/podman/io.podman", 0o600);
  void serveSocket(kernel, podman, command("podman"), "varlink");
  const resolver = kernel.listenUnix("/run/org.varlink.resolver", 0o666);
  void serveSocket(kernel, resolver, command("resolver"), "varlink-resolver");
  kernel.mkdir(sockets);
  for (const [name, mode] of [
    ["boot2podman", 0o666],
    ["boot2podman-root", 0o600],
  ] as const) {
    const own = kernel.listenUnix(`${sockets}/io.${name}`, mode);
    void serveSocket(kernel, own, command(name), `varlink-${name}`);
  }
  if (user !== undefined && user.uid !== 0) {
    const socket = openUserPodmanSocket(kernel, user, "io.podman");
    const served = userServiceCommand(user, command("podman"));
    void serveSocket(kernel, socket, served, `varlink-${user.name}`);
  }
}

/** As root's, but run by the user, and in the cgroup where limits of the user's containers work. */
export function userServiceCommand(
  { name, uid }: User,
  command: readonly string[] = service,
): string[] {
  const group = `/sys/fs/cgroup/user.slice/user-${uid}/session/cgroup.procs`;
  const joined = `[ -e ${group} ] && echo $$ >${group}; exec su -s /bin/sh "$1" -c "$2"`;
  const served = `cd; ${withDefaultEnvironment} export LISTEN_PID=$$ XDG_RUNTIME_DIR=/run/user/${uid}; exec ${command.join(" ")}`;
  return ["/bin/sh", "-c", joined, "sh", name, served];
}
