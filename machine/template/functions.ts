import { UsageError } from "../error/machine-error.ts";

type TemplateFunction = (args: readonly unknown[]) => unknown;

/** The functions of Go's text/template, and those that clients of machines add. */
export const functions: Readonly<Record<string, TemplateFunction>> = {
  json: ([value]) => JSON.stringify(value),
  prettyjson: ([value]) => JSON.stringify(value, null, 4),
  print: (args) => args.map(printed).join(""),
  println: (args) => `${args.map(printed).join(" ")}\n`,
  printf: ([format, ...args]) => formatted(String(format), args),
  len: ([value]) => lengthOf(value),
  index: ([value, ...keys]) => keys.reduce(item, value),
  not: ([value]) => !isTrue(value),
  and: (args) => args.find((value) => !isTrue(value)) ?? args.at(-1),
  or: (args) => args.find(isTrue) ?? args.at(-1),
  eq: ([first, ...others]) => others.some((other) => other === first),
  ne: ([first, second]) => first !== second,
  lt: ([first, second]) => compare(first, second) < 0,
  le: ([first, second]) => compare(first, second) <= 0,
  gt: ([first, second]) => compare(first, second) > 0,
  ge: ([first, second]) => compare(first, second) >= 0,
  upper: ([value]) => printed(value).toUpperCase(),
  lower: ([value]) => printed(value).toLowerCase(),
  title: ([value]) => printed(value).replace(/(^|\s)\S/g, (letter) => letter.toUpperCase()),
  join: ([list, between]) => listOf(list).map(printed).join(String(between)),
  split: ([text, between]) => printed(text).split(String(between)),
  trim: ([text]) => printed(text).trim(),
};

/** Go's notion of truth: not false, 0, empty or nothing. */
export function isTrue(value: unknown): boolean {
  if (Array.isArray(value)) {
    return value.length > 0;
  }
  if (typeof value === "object" && value !== null) {
    return Object.keys(value).length > 0;
  }
  return Boolean(value);
}

/** A value as a template prints it. */
export function printed(value: unknown): string {
  if (value === undefined || value === null) {
    return "<no value>";
  }
  if (Array.isArray(value)) {
    return `[${value.map(printed).join(" ")}]`;
  }
  if (typeof value === "object") {
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return `map[${entries.map(([key, one]) => `${key}:${printed(one)}`).join(" ")}]`;
  }
  return String(value);
}

function formatted(format: string, args: readonly unknown[]): string {
  const left = [...args];
  return format.replace(/%(-?)(\d*)([sdvqt%])/g, (_, minus, width, verb) => {
    if (verb === "%") {
      return "%";
    }
    const value = left.shift();
    const text = verb === "q" ? JSON.stringify(printed(value)) : printed(value);
    return minus === "-" ? text.padEnd(Number(width)) : text.padStart(Number(width));
  });
}

function lengthOf(value: unknown): number {
  if (typeof value === "string" || Array.isArray(value)) {
    return value.length;
  }
  if (typeof value === "object" && value !== null) {
    return Object.keys(value).length;
  }
  throw new UsageError(`The template asks for the length of ${JSON.stringify(value)}.`);
}

function item(value: unknown, key: unknown): unknown {
  if (Array.isArray(value) && typeof key === "number") {
    if (key < 0 || key >= value.length) {
      throw new UsageError(`The template asks for number ${key} of ${value.length}.`);
    }
    return value[key];
  }
  if (typeof value === "object" && value !== null) {
    return new Map(Object.entries(value)).get(String(key));
  }
  throw new UsageError(
    `The template asks for ${JSON.stringify(key)} in something that is not a list.`,
  );
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [value];
}

function compare(first: unknown, second: unknown): number {
  if (typeof first === "number" && typeof second === "number") {
    return first - second;
  }
  return printed(first) < printed(second) ? -1 : printed(first) === printed(second) ? 0 : 1;
}
