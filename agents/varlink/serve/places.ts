import type { Addresses } from "../resolver/resolver.ts";

/** The socket at which anybody asks where the others are. */
export const resolverSocket = "/run/org.varlink.resolver";

/** The folder of that user's Podman's sockets. */
function folderOf(uid: number): string {
  return uid === 0 ? "/run/podman" : `/run/user/${uid}/podman`;
}

/** The REST socket of that user's Podman. */
export function podmanSocketOf(uid: number): string {
  return `${folderOf(uid)}/podman.sock`;
}

/** The socket at which anybody asks how this machine is; with "-root" behind it, the one at which root changes it. */
const ownSocket = "/run/boot2podman/io.boot2podman";

/** Where that user finds which interface. */
export function addressesOf(uid: number): Addresses {
  const own = `unix:${ownSocket};mode=0666`;
  const changing = uid === 0 ? `unix:${ownSocket}-root;mode=0600` : own;
  return {
    "io.podman": `unix:${folderOf(uid)}/io.podman;mode=0600`,
    "io.boot2podman.Disks": changing,
    "io.boot2podman.Extensions": changing,
    "io.boot2podman.Health": own,
    "io.boot2podman.Keys": changing,
    "io.boot2podman.Status": own,
  };
}
