/** What YAML gives, where all scalars are texts. */
export type YamlMap = Readonly<Record<string, unknown>>;

/** Whether a parsed value is a map. */
export function isMap(value: unknown): value is YamlMap {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether a parsed value is a list. */
export function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}

/** What stands at a name of the map itself. */
export function at(map: YamlMap, name: string): unknown {
  return Object.hasOwn(map, name) ? map[name] : undefined;
}

/** A text that says something; empty ones, "~" and "null" say nothing. */
export function textOf(value: unknown): string | undefined {
  const text = typeof value === "string" ? value.trim() : "";
  return ["", "~", "null", "Null", "NULL"].includes(text) ? undefined : text;
}

/** The words that YAML 1.1 has for yes and no; undefined for others. */
export function switchOf(value: unknown): boolean | undefined {
  const word = typeof value === "string" ? value.toLowerCase() : "";
  if (["true", "yes", "on", "y"].includes(word)) {
    return true;
  }
  return ["false", "no", "off", "n"].includes(word) ? false : undefined;
}
