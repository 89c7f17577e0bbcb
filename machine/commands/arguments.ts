import { InvalidArgumentError } from "commander";
import { defaultName } from "../store/name.ts";

/** Help text of an argument that is a machine's name. */
export const nameHelp = `name of the machine (default: "${defaultName}")`;

/** The machines that a command means: the ones that were named, else the default one. */
export function namesOrDefault(names: readonly string[]): readonly string[] {
  return names.length === 0 ? [defaultName] : names;
}

/** A parser for whole numbers of at least `min`; commander prints what it throws. */
export function wholeNumber(min: number, max: number = Number.MAX_SAFE_INTEGER) {
  return (text: string): number => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < min || value > max) {
      const limit = max === Number.MAX_SAFE_INTEGER ? `at least ${min}` : `${min} to ${max}`;
      throw new InvalidArgumentError(`Expected a whole number, ${limit}.`);
    }
    return value;
  };
}

/** Parses a SHA-256 in hexadecimal; commander prints what it throws. */
export function sha256(text: string): string {
  if (!/^[0-9a-f]{64}$/i.test(text)) {
    throw new InvalidArgumentError("Expected a SHA-256: 64 hexadecimal digits.");
  }
  return text.toLowerCase();
}

/** A parser for a number of MiB. */
export function mebibytes(min: number) {
  return wholeNumber(min, 2 ** 30);
}

/** Gathers the values of a flag that can be given several times. */
export function collect(value: string, before: readonly string[]): string[] {
  return [...before, value];
}
