import type { BootOptionKind } from "../boot-option-table.ts";
import type { BootOptions } from "../boot-options.ts";
import type { Source } from "../sources.ts";

/** A word that stands alone; a file says true or false. */
export function flag(
  name: string,
  help: string,
  sources: readonly Source[],
  set: (options: BootOptions, isOn: boolean) => void,
): BootOptionKind {
  return {
    name,
    value: undefined,
    help,
    sources,
    read(options, value) {
      if (value !== "on" && value !== "off") {
        return `${name} alone`;
      }
      set(options, value === "on");
      return undefined;
    },
  };
}

/** NAME=VALUE with one value. */
export function text(
  name: string,
  value: string,
  help: string,
  sources: readonly Source[],
  kind: {
    matches: RegExp;
    /** What was expected of a value that doesn't match. */
    expected: string;
    set: (options: BootOptions, value: string) => void;
  },
): BootOptionKind {
  return {
    name,
    value,
    help,
    sources,
    read(options, given) {
      if (!kind.matches.test(given)) {
        return kind.expected;
      }
      kind.set(options, given);
      return undefined;
    },
  };
}

/** NAME=VALUE[,VALUE…], which may be given several times. */
export function list(
  name: string,
  value: string,
  help: string,
  sources: readonly Source[],
  kind: {
    expected: string;
    get: (options: BootOptions) => readonly string[];
    set: (options: BootOptions, values: readonly string[]) => void;
  },
): BootOptionKind {
  return {
    name,
    value,
    help,
    sources,
    read(options, given, isFirst) {
      const values = given.split(",").filter((one) => one !== "");
      if (values.length === 0) {
        return kind.expected;
      }
      kind.set(options, isFirst ? values : [...kind.get(options), ...values]);
      return undefined;
    },
  };
}
