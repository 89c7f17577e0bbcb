/** A table of TOML as it is read. */
type Table = Readonly<Record<string, unknown>>;

/**
 * A recipe laid over the one that it is based on: tables are merged, lists get longer, any other value takes the
 * place of the base's.
 */
export function mergeOver(base: Table, over: Table): Table {
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const below = merged[key];
    if (isTable(below) && isTable(value)) {
      merged[key] = mergeOver(below, value);
    } else if (Array.isArray(below) && Array.isArray(value)) {
      merged[key] = [...below, ...value];
    } else {
      merged[key] = value;
    }
  }
  return merged;
}

/** Whether a value of TOML is a table. */
export function isTable(value: unknown): value is Table {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
