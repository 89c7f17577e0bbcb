import { parse, TomlError } from "smol-toml";
import * as z from "zod/mini";
import { oneLine } from "../command/one-line.ts";
import { ourPrefix } from "./command-line.ts";
import type { GivenValue } from "./given-value.ts";
import { configPaths, type FileSource } from "./options/sources.ts";

const scalar = z.union([z.string(), z.boolean(), z.int()]);
const leaf = z.union([scalar, z.array(scalar)]);
type Leaf = z.infer<typeof leaf>;

/** A boot2podman.toml as far as it is understood. */
export interface TomlValues {
  given: GivenValue[];
  warnings: string[];
}

/**
 * The settings of a boot2podman.toml. A key is a boot option's name, without "boot2podman.", and a key in a
 * table is NAME.KEY; a list stands for an option that is given several times. Never throws: a file that is no
 * TOML, an unknown key, or a value of another kind gives a warning.
 */
export function tomlValues(
  text: string,
  source: FileSource,
  isKnown: (name: string) => boolean,
): TomlValues {
  const path = configPaths[source];
  const result: TomlValues = { given: [], warnings: [] };
  let document: unknown;
  try {
    document = parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) {
      throw error;
    }
    const reason = oneLine(error.message.split("\n")[0]);
    result.warnings.push(`${path}:${error.line}: ${reason}; nothing of this file is used`);
    return result;
  }
  for (const [key, value] of leaves(document, "")) {
    const name = [key, `${ourPrefix}${key}`].find(isKnown);
    if (name === undefined) {
      result.warnings.push(`${path}: ${key} is unknown; see "init-hooks options"`);
      continue;
    }
    const parsed = leaf.safeParse(value);
    if (!parsed.success) {
      result.warnings.push(`${path}: ${key}: expected text, a whole number, true, false or a list`);
      continue;
    }
    for (const one of [parsed.data].flat()) {
      const written = `${path}: ${key} = ${JSON.stringify(one)}`;
      result.given.push({ name, value: asWord(one), source, written });
    }
  }
  return result;
}

function asWord(value: Exclude<Leaf, unknown[]>): string {
  if (typeof value === "boolean") {
    return value ? "on" : "off";
  }
  return String(value);
}

function* leaves(value: unknown, prefix: string): Generator<[string, unknown]> {
  const isTable = typeof value === "object" && value !== null && !Array.isArray(value);
  if (!isTable || value instanceof Date) {
    yield [prefix, value];
    return;
  }
  for (const [key, inner] of Object.entries(value)) {
    yield* leaves(inner, prefix === "" ? key : `${prefix}.${key}`);
  }
}
