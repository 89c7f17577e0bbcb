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

/**
 * A recipe without what its table "drop" names: packages with their files and what is made of them, kernel modules,
 * whole groups of files or modules, links.
 */
export function dropNamed(recipe: Table): Table {
  const { drop, ...rest } = recipe;
  if (!isTable(drop)) {
    return recipe;
  }
  const named = (kind: string): unknown[] => (Array.isArray(drop[kind]) ? drop[kind] : []);
  const [packages, modules, dropped, links] = ["packages", "modules", "groups", "links"].map(named);
  const withoutEmpty = (table: Table) =>
    Object.fromEntries(
      Object.entries(table).filter(([, value]) =>
        isTable(value) ? Object.keys(value).length > 0 : !Array.isArray(value) || value.length > 0,
      ),
    );
  const without = (table: unknown, names: readonly unknown[] = []): Table =>
    isTable(table)
      ? Object.fromEntries(Object.entries(table).filter(([key]) => !names.includes(key)))
      : {};
  const groups = (table: unknown, change: (group: unknown) => unknown): Table =>
    isTable(table)
      ? withoutEmpty(
          Object.fromEntries(Object.entries(table).map(([name, group]) => [name, change(group)])),
        )
      : {};
  const kept = (table: unknown, change: (group: unknown) => unknown) =>
    groups(without(table, dropped), change);
  const strip = (part: Table): Table => ({
    ...part,
    ...(part.files === undefined
      ? {}
      : { files: kept(part.files, (group) => without(group, packages)) }),
    ...(part.modules === undefined
      ? {}
      : {
          modules: kept(part.modules, (group) =>
            Array.isArray(group) ? group.filter((name) => !modules?.includes(name)) : group,
          ),
        }),
  });
  const machine = groups(rest.machine, (one) => (isTable(one) ? strip(one) : one));
  const isOfDropped = (delta: unknown) => isTable(delta) && packages?.includes(delta.package);
  const deltas = isTable(rest.deltas)
    ? Object.fromEntries(Object.entries(rest.deltas).filter(([, delta]) => !isOfDropped(delta)))
    : undefined;
  return {
    ...strip(rest),
    ...(deltas === undefined ? {} : { deltas }),
    ...(isTable(rest.machine) ? { machine } : {}),
    ...(isTable(rest.links) ? { links: without(rest.links, links) } : {}),
  };
}
