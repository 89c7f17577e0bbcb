/**
 * Folders of the system below the root. What the hypervisor offers under such a name isn't mounted over them
 * by itself.
 */
const systemFolders = new Set([
  ...[
    "bin",
    "boot",
    "dev",
    "etc",
    "home",
    "init",
    "initrd",
    "lib",
    "lib32",
    "lib64",
    "media",
    "mnt",
  ],
  ...["newroot", "opt", "proc", "root", "run", "sbin", "srv", "sys", "tmp", "usr", "var"],
]);

/** Whose insides are the system's too, so that nothing may be mounted there even when it is asked for. */
const closedFolders = new Set([
  ...[
    "bin",
    "boot",
    "dev",
    "init",
    "initrd",
    "lib",
    "lib32",
    "lib64",
    "newroot",
    "proc",
    "run",
    "sbin",
  ],
  ...["sys", "usr"],
]);

/** A share there would hide keys, containers or settings. */
const closedPaths = new Set([
  ...[
    "/etc/ssh",
    "/etc/containers",
    "/home/tc",
    "/home/docker",
    "/var/lib",
    "/var/lib/boot2podman",
  ],
  ...["/var/lib/containers", "/var/log", "/var/run", "/var/tmp"],
]);

/** NAME_MAX of linux/limits.h */
const longestNameBytes = 255;
const longestPathBytes = 1024;

/**
 * Where a share of that name is mounted by itself: "Users" at /Users, "c/Users" at /c/Users, as clients of the
 * older boot images expect. Gives why not for a name that is no path or one of the system's.
 */
export function placeOfName(name: string): { path: string } | { refusal: string } {
  const path = `/${name}`;
  const refusal = pathRefusal(path);
  if (refusal !== undefined) return { refusal };
  const top = name.split("/")[0] ?? "";
  if (systemFolders.has(top)) return { refusal: `/${top} is the system's` };
  return { path };
}

/** Why nothing may be mounted at that path; undefined when it may. */
export function pathRefusal(path: string): string | undefined {
  if (!path.startsWith("/")) return "it must start with a slash";
  if (Buffer.byteLength(path) > longestPathBytes) {
    return `it is longer than ${longestPathBytes} bytes`;
  }
  const names = path.slice(1).split("/");
  for (const name of names) {
    if (name === "") return "it has an empty part";
    if (name === "." || name === "..") return `it has the part "${name}"`;
    if (Buffer.byteLength(name) > longestNameBytes)
      return `a part of it is too long for a file name`;
    if (hasControlCharacter(name)) return "it has a character that can't be shown";
  }
  const [top = ""] = names;
  if (names.length === 1 && systemFolders.has(top)) return `${path} is the system's`;
  if (closedFolders.has(top)) return `/${top} is the system's`;
  if (closedPaths.has(path)) return `${path} is the system's`;
  return undefined;
}

function hasControlCharacter(text: string): boolean {
  return [...text].some((character) => {
    const code = character.codePointAt(0) ?? 0;
    return code < 32 || code === 127 || code === 0xfffd;
  });
}
