import type { Source } from "./sources.ts";

/** What a parser makes of a value: what it stands for, or what was expected instead of it. */
export type Parsed<T> =
  | { readonly value: T }
  | {
      /** For the warning: "boot option host=-x: expected " and this. */
      readonly expected: string;
      /**
       * What holds all the same, for options where a weaker source's value or the default would allow more than
       * the person may have meant: closed on data.
       */
      readonly instead?: T;
    };

/**
 * One option: a word of the kernel command line, or a key of boot2podman.toml. The options' own type is made of
 * these rows: a row in one of the files beside this one is all that a new option needs, and a row of
 * docs/boot-options.md.
 */
export interface Option<Sets extends string | undefined = string | undefined, T = unknown> {
  /** The word, or the key: "host", "boot2podman.format". */
  readonly name: string;
  /** What stands after "NAME="; undefined for a word alone. */
  readonly value: string | undefined;
  readonly help: string;
  /** Where it may be set. */
  readonly sources: readonly Source[];
  /** The member of the options that it sets; undefined for a word that the agents only know. */
  readonly sets: Sets;
  /** What holds when nobody says anything; the same for all words that set one member. */
  readonly default: T;
  /**
   * Gives the member's new value. Pure: it changes nothing that it was given. A word alone has the value "on" (or
   * "off", which a file may say). `before` is the member's value so far; `isFirst` is false for the second and
   * later value of one source: a list then grows, while a stronger source replaces a weaker one's list.
   */
  parse(value: string, before: T, isFirst: boolean): Parsed<T>;
}

/** An option whose member is one of a group's: `options.automount.format`. */
export type InGroup<Group extends string, Row extends Option> = Row & { readonly group: Group };

/** The members that rows set, each of the type of its default. */
export type OptionsOf<Row extends Option> = {
  readonly [R in Row as NonNullable<R["sets"]>]: R["default"];
};

/** One row, of the type that its default and its parser have in common. */
export function option<const Sets extends string | undefined, T>(
  row: Option<Sets, T>,
): Option<Sets, T> {
  return row;
}

/** Rows whose members are a group of their own among the options. */
export function inGroup<const Group extends string, Row extends Option>(
  group: Group,
  rows: readonly Row[],
): readonly InGroup<Group, Row>[] {
  return rows.map((row) => ({ ...row, group }));
}

/** What the members of these rows are when nobody says anything. */
export function defaultsOf<Row extends Option>(rows: readonly Row[]): OptionsOf<Row> {
  const members = rows.flatMap((row) =>
    row.sets === undefined ? [] : [[row.sets, row.default] as const],
  );
  // The type says the same as these two lines, for the compiler.
  return Object.fromEntries(members) as OptionsOf<Row>;
}
