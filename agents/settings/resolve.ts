import type { BootOptionKind } from "./boot-option-table.ts";
import type { BootOptions } from "./boot-options.ts";
import type { GivenValue } from "./given-value.ts";
import { configPaths, type Source, sources } from "./sources.ts";

/** A setting that isn't as it is by default. */
export interface ShownSetting {
  name: string;
  value: string;
  source: Source;
}

/** The options that hold, and where they come from. */
export interface Resolved {
  options: BootOptions;
  /** In the order of the table. */
  settings: readonly ShownSetting[];
  /** One line for each value that was left out. */
  warnings: readonly string[];
}

/**
 * Puts values from all sources together: the command line wins over the data disk's file, and that over the
 * image's; within a source the last value wins. A value that can't be understood, or that comes from where it
 * would be too late, is left out with a warning; then a weaker source holds.
 */
export function resolveSettings(
  table: readonly BootOptionKind[],
  defaults: BootOptions,
  given: readonly GivenValue[],
): Resolved {
  const options = { ...defaults };
  const warnings: string[] = [];
  const kinds = new Map(table.map((kind) => [kind.name, kind]));
  const won = new Map<string, { source: Source; values: string[] }>();
  for (const source of sources) {
    for (const one of given) {
      const kind = kinds.get(one.name);
      if (kind === undefined || one.source !== source) {
        continue;
      }
      const value = one.value ?? (kind.value === undefined ? "on" : "");
      const known = won.get(kind.name);
      const earlier = known?.source === source ? known.values : [];
      const expected = kind.sources.includes(source)
        ? kind.read(options, value, earlier.length === 0)
        : `nothing: it is used before this is read; ${placesOf(kind)}`;
      if (expected === undefined) {
        won.set(kind.name, { source, values: [...earlier, value] });
      } else {
        warnings.push(`${one.written}: expected ${expected}`);
      }
    }
  }
  const settings = table.flatMap((kind): ShownSetting[] => {
    const winner = won.get(kind.name);
    if (winner === undefined || isDefault(kind, defaults, winner.values)) {
      return [];
    }
    return [{ name: kind.name, value: winner.values.join(","), source: winner.source }];
  });
  return { options, settings, warnings };
}

function placesOf({ sources: allowed }: BootOptionKind): string {
  return allowed.includes("image")
    ? `set it on the kernel command line or in the image's ${configPaths.image}`
    : "set it on the kernel command line";
}

/** Whether these values leave everything as it is without them. */
function isDefault(
  kind: BootOptionKind,
  defaults: BootOptions,
  values: readonly string[],
): boolean {
  const alone = { ...defaults };
  for (const [index, value] of values.entries()) {
    kind.read(alone, value, index === 0);
  }
  return JSON.stringify(alone) === JSON.stringify(defaults);
}
