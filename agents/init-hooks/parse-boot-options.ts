import { type BootOptionKind, bootOptionTable } from "./boot-option-table.ts";
import { type BootOptions, defaultBootOptions, type ParsedBootOptions } from "./boot-options.ts";

/** Words that start so are meant for us, so that an unknown one is a mistake. */
const ourPrefix = "boot2podman.";

/**
 * Understands the kernel's command line. Words of the kernel and of others are left alone; a word of ours that
 * is unknown or has a bad value is left out with a complaint, and the boot goes on. Of several the last wins.
 */
export function parseBootOptions(commandLine: string): ParsedBootOptions {
  const options: BootOptions = { ...defaultBootOptions };
  const complaints: string[] = [];
  const kinds = new Map(bootOptionTable.map((kind) => [kind.name, kind]));
  for (const word of wordsOf(commandLine)) {
    const equals = word.indexOf("=");
    const name = equals === -1 ? word : word.slice(0, equals);
    const value = equals === -1 ? undefined : word.slice(equals + 1);
    const kind = kinds.get(name);
    if (kind === undefined) {
      if (name.startsWith(ourPrefix)) complaints.push(`boot option ${word} is unknown`);
      continue;
    }
    const expected = readValue(kind, options, value);
    if (expected !== undefined) complaints.push(`boot option ${word}: expected ${expected}`);
  }
  return { options, complaints };
}

function readValue(
  kind: BootOptionKind,
  options: BootOptions,
  value: string | undefined,
): string | undefined {
  if (kind.value === undefined && value !== undefined) return `${kind.name} alone`;
  return kind.read(options, value ?? "");
}

/** Words between spaces; quotes keep spaces in a value, as the kernel's own parser does. */
function wordsOf(commandLine: string): string[] {
  const words = commandLine.match(/(?:"[^"]*"|[^\s"])+/g) ?? [];
  return words.map((word) => word.replaceAll('"', ""));
}
