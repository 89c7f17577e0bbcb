import type { BootOptions } from "./boot-options.ts";
import { automountWords } from "./options/automount.ts";
import { cgroupOptions } from "./options/cgroups.ts";
import { consoleOptions } from "./options/console.ts";
import { folderOptions } from "./options/folders.ts";
import { guestToolsOptions } from "./options/guest-agent.ts";
import { memoryOptions } from "./options/memory.ts";
import { hostnamePattern, userPattern } from "./options/names.ts";
import { networkOptions } from "./options/network.ts";
import { flag, list, text } from "./options/option-kinds.ts";
import { shareWords } from "./options/shares.ts";
import { shutdownOptions } from "./options/shutdown.ts";
import { timeOptions } from "./options/time.ts";
import { anywhere, beforeDisks, commandLineOnly, type Source } from "./sources.ts";

/** A setting: a word of the kernel command line, or a key of boot2podman.toml. */
export interface BootOptionKind {
  name: string;
  /** What stands after "NAME="; undefined for a word alone. */
  value: string | undefined;
  help: string;
  /** Where it may be set; see agents/settings. */
  sources: readonly Source[];
  /**
   * Changes the options, or gives what was expected instead of the value. A word alone has the value "on" (or
   * "off", which a file may say). `isFirst` is false for the second and later value of one source: a list then
   * grows, while a stronger source replaces a weaker one's list.
   */
  read(options: BootOptions, value: string, isFirst: boolean): string | undefined;
}

/** Every setting, one row each, with its own parser. */
export const bootOptionTable: readonly BootOptionKind[] = [
  flag("noembed", "the root is a fresh tmpfs (the default)", commandLineOnly, (options, isOn) => {
    options.root = isOn ? "noembed" : "embed";
  }),
  flag(
    "embed",
    "the root is the kernel's own rootfs; Podman does without pivot_root",
    commandLineOnly,
    (options, isOn) => {
      options.root = isOn ? "embed" : "noembed";
    },
  ),
  flag(
    "norestore",
    "accepted: nothing is restored anyway, what lasts lies on the data disk",
    anywhere,
    () => undefined,
  ),
  text("host", "NAME", "the host's name; beats the one stored by sethostname", anywhere, {
    matches: hostnamePattern,
    expected: "a name of 0-9 a-z A-Z . -",
    set: (options, value) => {
      options.hostname = value;
    },
  }),
  text("user", "NAME", "the name of the account that the machine is for, default tc", beforeDisks, {
    matches: userPattern,
    expected: "a user's name of a-z 0-9 _ -",
    set: (options, value) => {
      options.user = value;
    },
  }),
  ...automountWords.map(
    ({ name, value, help, read }): BootOptionKind => ({
      name,
      value,
      help,
      sources: beforeDisks,
      read(options, given) {
        // A new object: the defaults are shared.
        options.automount = { ...options.automount };
        return read(options.automount, given);
      },
    }),
  ),
  {
    name: "boot2podman.key",
    value: '"TYPE BASE64 [COMMENT]"',
    help: "a public SSH key that lets the user and root in; may be given several times",
    sources: anywhere,
    read(options, value, isFirst) {
      if (!/^\S+ \S+/.test(value)) {
        return 'a public key in quotes: boot2podman.key="ssh-ed25519 AAAA…"';
      }
      options.keys = isFirst ? [value] : [...options.keys, value];
      return undefined;
    },
  },
  ...shareWords.map(
    ({ name, value, help, read }): BootOptionKind => ({
      name,
      value,
      help,
      sources: anywhere,
      read(options, given) {
        const shares = read(options.shares, given);
        if (typeof shares === "string") {
          return shares;
        }
        options.shares = shares;
        return undefined;
      },
    }),
  ),
  ...guestToolsOptions,
  list(
    "blacklist",
    "MODULE[,MODULE…]",
    "kernel modules that are never loaded; may be given several times",
    beforeDisks,
    {
      expected: "modules, with commas between",
      get: (options) => options.blacklist,
      set: (options, names) => {
        options.blacklist = names;
      },
    },
  ),
  ...networkOptions,
  ...timeOptions,
  ...memoryOptions,
  ...folderOptions,
  ...consoleOptions,
  ...cgroupOptions,
  ...shutdownOptions,
  flag(
    "boot2podman.rescue",
    "leave the agents out: plain sh brings the system up",
    commandLineOnly,
    () => undefined,
  ),
  list(
    "boot2podman.fault",
    "STAGE[,STAGE…]",
    "make these stages of the boot fail, to see that the system comes up all the same",
    commandLineOnly,
    {
      expected: "stages, with commas between",
      get: (options) => options.faults,
      set: (options, names) => {
        options.faults = names;
      },
    },
  ),
];

/** The table for people, one option a line. */
export function bootOptionsText(): string {
  const forms = bootOptionTable.map(formOf);
  const width = Math.max(...forms.map((form) => form.length));
  return bootOptionTable
    .map((kind, index) => `${(forms[index] ?? "").padEnd(width)}  ${kind.help}`)
    .join("\n");
}

/** "host=NAME", "embed" */
export function formOf({ name, value }: BootOptionKind): string {
  return value === undefined ? name : `${name}=${value}`;
}
