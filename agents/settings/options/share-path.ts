import { stateFolder } from "../../kernel/state-folder.ts";

/** Folders below the root whose insides are the system's too: nothing may be mounted there even when it is asked for. */
const closedFolders = new Set(
  "bin boot dev init initrd lib lib32 lib64 newroot proc run sbin sys usr".split(" "),
);

/**
 * All folders of the system below the root. What the hypervisor offers under such a name isn't mounted over them
 * by itself; in those that aren't closed a person may have something mounted.
 */
const systemFolders = new Set([
  ...closedFolders,
  ..."etc home media mnt opt root srv tmp var".split(" "),
]);

/** A share on one of them, or on a folder around it, would hide keys, containers or settings. */
const closedPaths = [
  ...["/etc/containers", "/etc/ssh", stateFolder, "/var/lib/containers"],
  ...["/var/log", "/var/run", "/var/tmp"],
];

/** The same in the home of whoever, which is closed itself. */
const closedInHome = [".ssh", ".config/containers", ".local/share/containers"];

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
  if (refusal !== undefined) {
    return { refusal };
  }
  const top = name.split("/")[0] ?? "";
  if (systemFolders.has(top)) {
    return { refusal: `/${top} is the system's` };
  }
  return { path };
}

/** Why nothing may be mounted at that path; undefined when it may. */
export function pathRefusal(path: string): string | undefined {
  if (!path.startsWith("/")) {
    return "it must start with a slash";
  }
  if (Buffer.byteLength(path) > longestPathBytes) {
    return `it is longer than ${longestPathBytes} bytes`;
  }
  const names = path.slice(1).split("/");
  for (const name of names) {
    if (name === "") {
      return "it has an empty part";
    }
    if (name === "." || name === "..") {
      return `it has the part "${name}"`;
    }
    if (Buffer.byteLength(name) > longestNameBytes) {
      return `a part of it is too long for a file name`;
    }
    if (hasControlCharacter(name)) {
      return "it has a character that can't be shown";
    }
  }
  const [top = ""] = names;
  if (names.length === 1 && systemFolders.has(top)) {
    return `${path} is the system's`;
  }
  if (closedFolders.has(top)) {
    return `/${top} is the system's`;
  }
  if (hidesAny(path, [...closedPaths, ...closedOfHome(names)])) {
    return `${path} is the system's`;
  }
  return undefined;
}

/** What is closed in the home that a path lies in, or is. */
function closedOfHome([top, name]: readonly string[]): string[] {
  const isOfUser = top === "home" && name !== undefined;
  if (!isOfUser && top !== "root") {
    return [];
  }
  const home = isOfUser ? `/home/${name}` : "/root";
  return closedInHome.map((path) => `${home}/${path}`);
}

/** Whether one of the paths is that one, or lies in it. */
function hidesAny(path: string, paths: readonly string[]): boolean {
  return paths.some((closed) => `${closed}/`.startsWith(`${path}/`));
}

function hasControlCharacter(text: string): boolean {
  return [...text].some((character) => {
    const code = character.codePointAt(0) ?? 0;
    return code < 32 || code === 127 || code === 0xfffd;
  });
}
