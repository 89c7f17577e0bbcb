import type { GivenValue } from "./given-value.ts";

/** Words that start so are meant for us, so that an unknown one is a mistake. */
export const ourPrefix = "boot2podman.";

/**
 * The words of the kernel's command line that are settings; those of the kernel and of others are left alone.
 * Words that are meant for us but unknown come back as warnings.
 */
export function commandLineValues(
  commandLine: string,
  isKnown: (name: string) => boolean,
): { given: GivenValue[]; warnings: string[] } {
  const given: GivenValue[] = [];
  const warnings: string[] = [];
  for (const word of wordsOf(commandLine)) {
    const equals = word.indexOf("=");
    const name = equals === -1 ? word : word.slice(0, equals);
    if (isKnown(name)) {
      const value = equals === -1 ? undefined : word.slice(equals + 1);
      given.push({ name, value, source: "command line", written: `boot option ${word}` });
    } else if (name.startsWith(ourPrefix)) {
      warnings.push(`boot option ${word} is unknown`);
    }
  }
  return { given, warnings };
}

/** Words between spaces; quotes keep spaces in a value, as the kernel's own parser does. */
function wordsOf(commandLine: string): string[] {
  const words = commandLine.match(/(?:"[^"]*"|[^\s"])+/g) ?? [];
  return words.map((word) => word.replaceAll('"', ""));
}
