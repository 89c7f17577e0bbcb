import { automountWords } from "../automount/options.ts";
import type { BootOptions } from "./boot-options.ts";

/** Names that clients of such machines accept for a host. */
export const hostnamePattern = /^[a-zA-Z0-9][a-zA-Z0-9.-]{0,62}$/;
const userPattern = /^[a-z_][a-z0-9_-]{0,30}$/;

export interface BootOptionKind {
  name: string;
  /** What stands after "NAME="; undefined for a word alone. */
  value: string | undefined;
  help: string;
  /** Changes the options, or gives what was expected instead of the value. */
  read(options: BootOptions, value: string): string | undefined;
}

/** Every word of the kernel command line that is ours. */
export const bootOptionTable: readonly BootOptionKind[] = [
  flag("noembed", "the root is a fresh tmpfs (the default)", (options) => {
    options.root = "noembed";
  }),
  flag(
    "embed",
    "the root is the kernel's own rootfs; Podman does without pivot_root",
    (options) => {
      options.root = "embed";
    },
  ),
  {
    name: "host",
    value: "NAME",
    help: "the host's name; beats the one on the data disk",
    read(options, value) {
      if (!hostnamePattern.test(value)) return "a name of 0-9 a-z A-Z . -";
      options.hostname = value;
      return undefined;
    },
  },
  {
    name: "user",
    value: "NAME",
    help: "the account that the machine is for, default tc; it must exist",
    read(options, value) {
      if (!userPattern.test(value)) return "a user's name of a-z 0-9 _ -";
      options.user = value;
      return undefined;
    },
  },
  flag("nodhcp", "no DHCP; network interfaces stay as they are", (options) => {
    options.nodhcp = true;
  }),
  flag("norestore", "no backup is restored", (options) => {
    options.norestore = true;
  }),
  ...automountWords.map(
    ({ name, value, help, read }): BootOptionKind => ({
      name,
      value,
      help,
      read(options, given) {
        // A new object: the defaults are shared.
        options.automount = { ...options.automount };
        return read(options.automount, given);
      },
    }),
  ),
  {
    name: "blacklist",
    value: "MODULE[,MODULE…]",
    help: "kernel modules that are never loaded; may be given several times",
    read(options, value) {
      const names = namesOf(value);
      if (names.length === 0) return "modules, with commas between";
      options.blacklist = [...options.blacklist, ...names];
      return undefined;
    },
  },
  // Read by the services and by /init; here so that they are listed and that nobody complains about them.
  flag("noautologin", "the console asks for a user name and password", () => undefined),
  flag("secure", "the same as noautologin", () => undefined),
  flag(
    "boot2podman.rescue",
    "leave the agents out: plain sh brings the system up",
    () => undefined,
  ),
  {
    name: "boot2podman.fault",
    value: "STAGE[,STAGE…]",
    help: "make these stages of the boot fail, to see that the system comes up all the same",
    read(options, value) {
      const names = namesOf(value);
      if (names.length === 0) return "stages, with commas between";
      options.faults = [...options.faults, ...names];
      return undefined;
    },
  },
];

/** The table for people, one option a line. */
export function bootOptionsText(): string {
  const forms = bootOptionTable.map(formOf);
  const width = Math.max(...forms.map((form) => form.length));
  return bootOptionTable
    .map((kind, index) => `${(forms[index] ?? "").padEnd(width)}  ${kind.help}`)
    .join("\n");
}

function formOf({ name, value }: BootOptionKind): string {
  return value === undefined ? name : `${name}=${value}`;
}

function flag(name: string, help: string, set: (options: BootOptions) => void): BootOptionKind {
  return {
    name,
    value: undefined,
    help,
    read(options) {
      set(options);
      return undefined;
    },
  };
}

function namesOf(value: string): string[] {
  return value.split(",").filter((name) => name !== "");
}
