/** A node that has to be in /dev; modes and numbers as in the kernel's devices.txt. */
export interface DeviceNode {
  path: string;
  kind: "char" | "block";
  major: number;
  minor: number;
  mode: number;
}

/** Everybody may open them; what they may do there is decided by the kernel (systemd's udev rules). */
const forEverybody = new Set(["/dev/fuse", "/dev/net/tun"]);

/**
 * Nodes whose opening loads a module, as modules.devname lists them (depmod(8)): "tun net/tun c10:200".
 * Rootless networks need /dev/net/tun before anything has loaded tun.
 */
export function planNodes(modulesDevname: string): DeviceNode[] {
  return modulesDevname.split("\n").flatMap((line) => {
    const match = /^\S+ (\S+) ([cb])(\d+):(\d+)$/.exec(line);
    const path = `/dev/${match?.[1]}`;
    if (match === null || path.includes("..")) {
      return [];
    }
    return [
      {
        path,
        kind: match[2] === "b" ? "block" : "char",
        major: Number(match[3]),
        minor: Number(match[4]),
        mode: nodeMode(path),
      },
    ];
  });
}

/** Mode of a device node that isn't what the kernel chose; 0600 is the kernel's own. */
export function nodeMode(path: string): number {
  return forEverybody.has(path) ? 0o666 : 0o600;
}
