import { type BootOptions, defaultBootOptions, type ParsedBootOptions } from "./boot-options.ts";

/** Names that clients of such machines accept for a host. */
export const hostnamePattern = /^[a-zA-Z0-9][a-zA-Z0-9.-]{0,62}$/;
const userPattern = /^[a-z_][a-z0-9_-]{0,30}$/;
const ourPrefix = "boot2podman.";

/** Changes the options by the value of one word, or gives what was expected instead. */
type Reader = (options: BootOptions, value: string) => string | undefined;

const flags: Readonly<Record<string, (options: BootOptions) => void>> = {
  noembed: (options) => {
    options.root = "noembed";
  },
  embed: (options) => {
    options.root = "embed";
  },
  nodhcp: (options) => {
    options.nodhcp = true;
  },
  norestore: (options) => {
    options.norestore = true;
  },
  // Read by /init and by the services; known here so that nobody complains about it.
  "boot2podman.rescue": () => undefined,
};

const values: Readonly<Record<string, Reader>> = {
  host(options, value) {
    if (!hostnamePattern.test(value)) return "a name of 0-9 a-z A-Z . -";
    options.hostname = value;
    return undefined;
  },
  user(options, value) {
    if (!userPattern.test(value)) return "a user's name of a-z 0-9 _ -";
    options.user = value;
    return undefined;
  },
  waitusb(options, value) {
    const match = /^(\d{1,4})(?::LABEL=(.{1,64}))?$/.exec(value);
    if (match === null) return "seconds, or seconds:LABEL=NAME";
    options.waitForDisk = { timeoutMs: Number(match[1]) * 1000, label: match[2] };
    return undefined;
  },
  blacklist(options, value) {
    const names = namesOf(value);
    if (names.length === 0) return "modules, with commas between";
    options.blacklist = [...options.blacklist, ...names.map(moduleName)];
    return undefined;
  },
  "boot2podman.fault"(options, value) {
    const names = namesOf(value);
    if (names.length === 0) return "stages, with commas between";
    options.faults = [...options.faults, ...names];
    return undefined;
  },
};

/**
 * Understands the kernel's command line. Words of the kernel and of others are left alone; a word of ours that
 * is unknown or has a bad value is left out with a complaint, and the boot goes on.
 */
export function parseBootOptions(commandLine: string): ParsedBootOptions {
  const options: BootOptions = { ...defaultBootOptions };
  const complaints: string[] = [];
  for (const word of wordsOf(commandLine)) {
    const equals = word.indexOf("=");
    const name = equals === -1 ? word : word.slice(0, equals);
    const flag = equals === -1 ? own(flags, name) : undefined;
    const reader = own(values, name);
    if (flag !== undefined) {
      flag(options);
    } else if (reader !== undefined) {
      const expected = reader(options, equals === -1 ? "" : word.slice(equals + 1));
      if (expected !== undefined) complaints.push(`boot option ${word}: expected ${expected}`);
    } else if (name.startsWith(ourPrefix)) {
      complaints.push(`boot option ${word} is unknown`);
    }
  }
  return { options, complaints };
}

/** A module's name as the kernel writes it, with underscores. */
export function moduleName(name: string): string {
  return name.replaceAll("-", "_");
}

function namesOf(value: string): string[] {
  return value.split(",").filter((name) => name !== "");
}

/** Words between spaces; quotes keep spaces in a value, as the kernel's own parser does. */
function wordsOf(commandLine: string): string[] {
  const words = commandLine.match(/(?:"[^"]*"|[^\s"])+/g) ?? [];
  return words.map((word) => word.replaceAll('"', ""));
}

function own<T>(table: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}
