import { pathRefusal } from "./share-path.ts";

/** A share that somebody asked for by name. */
export interface WantedShare {
  /** The tag or name under which the hypervisor offers it. */
  name: string;
  path: string;
  isReadOnly: boolean;
}

export interface ShareOptions {
  /** Mount also what nobody asked for, at the place that its name says. */
  isAutomatic: boolean;
  wanted: readonly WantedShare[];
}

export const defaultShareOptions: ShareOptions = { isAutomatic: true, wanted: [] };

/** A word of the kernel command line: NAME=VALUE. */
export interface ShareWord {
  name: string;
  value: string;
  help: string;
  /** Gives the options with the word in them, or what was expected instead. */
  read(options: ShareOptions, value: string): ShareOptions | string;
}

export const shareWords: readonly ShareWord[] = [
  {
    name: "boot2podman.share",
    value: "TAG:/PATH[:ro]",
    help: "mount the hypervisor's shared folder TAG at /PATH; may be given several times",
    read(options, value) {
      const share = parseShare(value);
      if (typeof share === "string") {
        return share;
      }
      const others = options.wanted.filter(({ path }) => path !== share.path);
      return { ...options, wanted: [...others, share] };
    },
  },
  {
    name: "boot2podman.shares",
    value: "on|off",
    help: "off: only shared folders that boot2podman.share names are mounted",
    read(options, value) {
      if (value !== "on" && value !== "off") {
        return "on or off";
      }
      return { ...options, isAutomatic: value === "on" };
    },
  },
];

/** "TAG:/path" with ":ro" or ":rw" behind it; gives what is expected for anything else. */
export function parseShare(value: string): WantedShare | string {
  const [, name, path, access] = /^(.+?):(\/[^:]*)(?::(ro|rw))?$/.exec(value) ?? [];
  if (name === undefined || path === undefined) {
    return "TAG:/PATH or TAG:/PATH:ro";
  }
  const refusal = pathRefusal(path);
  if (refusal !== undefined) {
    return `a path for a share, but ${refusal}`;
  }
  return { name, path, isReadOnly: access === "ro" };
}
