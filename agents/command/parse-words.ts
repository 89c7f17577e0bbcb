import { UsageError } from "./command.ts";

/** What a word of a command that starts with "--" may be followed by. */
export interface OptionKind {
  /** A flag stands alone, a value follows as --name=VALUE or --name VALUE. */
  kind: "flag" | "value";
}

/** The words of a command, sorted. */
export interface ParsedWords<Name extends string> {
  flags: ReadonlySet<Name>;
  values: ReadonlyMap<Name, string>;
  /** Words that are no options, in order. */
  operands: readonly string[];
}

/**
 * Sorts the words of a command line by the options that a command knows; "--" ends the options.
 * Throws a UsageError in one line for an unknown option, a missing or a superfluous value.
 */
export function parseWords<Name extends string>(
  words: readonly string[],
  options: Readonly<Record<Name, OptionKind["kind"]>>,
): ParsedWords<Name> {
  const flags = new Set<Name>();
  const values = new Map<Name, string>();
  const operands: string[] = [];
  const isKnown = (name: string): name is Name => Object.hasOwn(options, name);
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] ?? "";
    if (word === "--") {
      operands.push(...words.slice(index + 1));
      break;
    }
    if (!word.startsWith("-") || word === "-") {
      operands.push(word);
      continue;
    }
    const equals = word.indexOf("=");
    const name = word.slice(2, equals === -1 ? undefined : equals);
    if (!word.startsWith("--") || !isKnown(name)) {
      throw new UsageError(`option ${word} is unknown; ${knownOptions(Object.keys(options))}`);
    }
    if (options[name] === "flag") {
      if (equals !== -1) {
        throw new UsageError(`option --${name} takes no value`);
      }
      flags.add(name);
      continue;
    }
    const value = equals === -1 ? words[index + 1] : word.slice(equals + 1);
    if (value === undefined) {
      throw new UsageError(`option --${name} needs a value`);
    }
    if (equals === -1) {
      index += 1;
    }
    values.set(name, value);
  }
  return { flags, values, operands };
}

function knownOptions(names: readonly string[]): string {
  const known = [...names, "help"].map((name) => `--${name}`);
  return `known are ${known.join(", ")}`;
}
