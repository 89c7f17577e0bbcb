import { type BootOption, bootOptionTable } from "./boot-option-table.ts";
import { type BootOptions, defaultBootOptions, memberOf, withMember } from "./boot-options.ts";
import type { GivenValue } from "./given-value.ts";
import type { Parsed } from "./options/option.ts";
import { configPaths, type Source, sources } from "./options/sources.ts";

/** A setting that isn't as it is by default. */
export interface ShownSetting {
  name: string;
  value: string;
  source: Source;
}

/** The options that hold, and where they come from. */
export interface Resolved {
  /** A new object each time. */
  options: BootOptions;
  /** In the order of the table. */
  settings: readonly ShownSetting[];
  /** One line for each value that was left out. */
  warnings: readonly string[];
}

const rows: ReadonlyMap<string, BootOption> = new Map(
  bootOptionTable.map((row): [string, BootOption] => [row.name, row]),
);

/** Whether there is an option of that name. */
export function isOption(name: string): boolean {
  return rows.has(name);
}

/**
 * Puts values from all sources together: the command line wins over the data disk's file, and that over the
 * image's; within a source the last value wins. A value that can't be understood, or that comes from where it
 * would be too late, is left out with a warning; then a weaker source holds, or what the option says is to hold
 * instead.
 */
export function resolveSettings(given: readonly GivenValue[]): Resolved {
  let options = { ...defaultBootOptions };
  const warnings: string[] = [];
  const won = new Map<string, { source: Source; values: string[] }>();
  for (const source of sources) {
    for (const one of given) {
      const row = rows.get(one.name);
      if (row === undefined || one.source !== source) {
        continue;
      }
      const value = one.value ?? (row.value === undefined ? "on" : "");
      const known = won.get(row.name);
      const earlier = known?.source === source ? known.values : [];
      const parsed = row.sources.includes(source)
        ? row.parse(value, memberOf(options, row), earlier.length === 0)
        : tooLate(row);
      if ("value" in parsed) {
        options = withMember(options, row, parsed.value);
        won.set(row.name, { source, values: [...earlier, value] });
        continue;
      }
      if (parsed.instead !== undefined) {
        options = withMember(options, row, parsed.instead);
        won.delete(row.name);
      }
      warnings.push(`${one.written}: expected ${parsed.expected}`);
    }
  }
  const settings = bootOptionTable.flatMap((row): ShownSetting[] => {
    const winner = won.get(row.name);
    if (winner === undefined || isDefault(row, winner.values)) {
      return [];
    }
    return [{ name: row.name, value: winner.values.join(","), source: winner.source }];
  });
  return { options, settings, warnings };
}

function tooLate({ sources: allowed }: BootOption): Parsed<unknown> {
  const place = allowed.includes("image")
    ? `set it on the kernel command line or in the image's ${configPaths.image}`
    : "set it on the kernel command line";
  return { expected: `nothing: it is used before this is read; ${place}` };
}

/** Whether these values leave everything as it is without them. */
function isDefault(row: BootOption, values: readonly string[]): boolean {
  let alone = row.default;
  for (const [index, value] of values.entries()) {
    const parsed = row.parse(value, alone, index === 0);
    alone = "value" in parsed ? parsed.value : alone;
  }
  return JSON.stringify(alone) === JSON.stringify(row.default);
}
