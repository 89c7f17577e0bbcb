import type { Option, Parsed } from "./option.ts";

type Told<Sets extends string | undefined> = Pick<
  Option<Sets>,
  "name" | "help" | "sources" | "sets"
>;
type ToldWithValue<Sets extends string | undefined> = Told<Sets> & { readonly value: string };

/** A word that stands alone, and sets its member to `on`; a file may say false, which sets it to `off`. */
export function word<const Sets extends string | undefined, T>({
  on,
  off,
  ...row
}: Told<Sets> & { default: T; on: T; off: T }): Option<Sets, T> {
  return {
    ...row,
    value: undefined,
    parse(value) {
      if (value !== "on" && value !== "off") {
        return { expected: `${row.name} alone` };
      }
      return { value: value === "on" ? on : off };
    },
  };
}

/** A word that stands alone and switches something on. */
export function flag<const Sets extends string>(row: Told<Sets>): Option<Sets, boolean> {
  return word({ ...row, default: false, on: true, off: false });
}

/** A word that is known and changes nothing here. */
export function knownWord(row: Omit<Told<undefined>, "sets">): Option<undefined, undefined> {
  return word({ ...row, sets: undefined, default: undefined, on: undefined, off: undefined });
}

/** NAME=on|off. `refused` is what holds after any other value. */
export function onOff<const Sets extends string>({
  refused,
  ...row
}: Told<Sets> & { default: boolean; refused?: boolean }): Option<Sets, boolean> {
  const chosen = choice({
    ...row,
    default: row.default ? "on" : "off",
    choices: ["on", "off"],
    ...(refused === undefined ? {} : { refused: refused ? "on" : "off" }),
  });
  const asBoolean = (text: "on" | "off") => text === "on";
  return {
    ...chosen,
    default: row.default,
    parse(value) {
      const parsed = chosen.parse(value, "off", true);
      if ("value" in parsed) {
        return { value: asBoolean(parsed.value) };
      }
      const { expected, instead } = parsed;
      return instead === undefined ? { expected } : { expected, instead: asBoolean(instead) };
    },
  };
}

/** NAME=ONE of some words. `refused` is what holds after any other value. */
export function choice<const Sets extends string, const T extends string>({
  choices,
  refused,
  ...row
}: Told<Sets> & {
  choices: readonly T[];
  default: NoInfer<T>;
  refused?: NoInfer<T>;
}): Option<Sets, T> {
  const expected = choices.length === 2 ? choices.join(" or ") : `one of ${choices.join(", ")}`;
  return {
    ...row,
    value: choices.join("|"),
    parse(given) {
      const value = choices.find((known) => known === given);
      if (value !== undefined) {
        return { value };
      }
      return refused === undefined ? { expected } : { expected, instead: refused };
    },
  };
}

/** NAME=VALUE with one value, which a pattern describes. */
export function text<const Sets extends string, Default extends string | undefined>({
  matches,
  expected,
  ...row
}: ToldWithValue<Sets> & {
  default: Default;
  matches: RegExp;
  /** What was expected of a value that doesn't match. */
  expected: string;
}): Option<Sets, string | Default> {
  return {
    ...row,
    parse: (value) => (matches.test(value) ? { value } : { expected }),
  };
}

/** NAME=VALUE, which may be given several times: each adds what `parseOne` makes of it. */
export function several<const Sets extends string, Element>({
  parseOne,
  ...row
}: ToldWithValue<Sets> & {
  parseOne: (value: string) => Parsed<readonly Element[]>;
}): Option<Sets, readonly Element[]> {
  return {
    ...row,
    default: [],
    parse(value, before, isFirst) {
      const parsed = parseOne(value);
      return "value" in parsed && !isFirst ? { value: [...before, ...parsed.value] } : parsed;
    },
  };
}

/** NAME=VALUE[,VALUE…], which may be given several times. */
export function list<const Sets extends string>({
  expected,
  ...row
}: ToldWithValue<Sets> & { expected: string }): Option<Sets, readonly string[]> {
  return several({
    ...row,
    parseOne(text) {
      const value = text.split(",").filter((one) => one !== "");
      return value.length === 0 ? { expected } : { value };
    },
  });
}
