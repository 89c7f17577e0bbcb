import { type BootOption, bootOptionTable } from "./boot-option-table.ts";
import { defaultsOf, type OptionsOf } from "./options/option.ts";

type Row = (typeof bootOptionTable)[number];
type GroupedRow = Extract<Row, { group: string }>;
type LoneRow = Exclude<Row, GroupedRow>;

/**
 * What can be set, by words of the kernel command line or in boot2podman.toml; plain data, of the types that the
 * rows of the table say: a member for each, those of a group in one member.
 */
export type BootOptions = OptionsOf<LoneRow> & {
  readonly [R in GroupedRow as R["group"]]: OptionsOf<Extract<GroupedRow, { group: R["group"] }>>;
};

/** What holds when nobody says anything. */
export const defaultBootOptions: BootOptions = defaults();

function defaults(): BootOptions {
  const table: readonly BootOption[] = bootOptionTable;
  const groups = new Set(table.flatMap(({ group }) => group ?? []));
  const ofGroups = [...groups].map((name) => [
    name,
    defaultsOf(table.filter(({ group }) => group === name)),
  ]);
  const alone = defaultsOf(table.filter(({ group }) => group === undefined));
  // The type says of the rows what these lines do with them.
  return { ...alone, ...Object.fromEntries(ofGroups) } as BootOptions;
}

/** Returns the member that a row sets, as it is; undefined for a row that sets none. */
export function memberOf(options: BootOptions, { group, sets }: BootOption): unknown {
  if (sets === undefined) {
    return undefined;
  }
  const all: Readonly<Record<string, unknown>> = options;
  const holder = group === undefined ? all : all[group];
  return (holder as Readonly<Record<string, unknown>>)[sets];
}

/** Returns options in which the member that a row sets has that value, which must be one of the row's own. */
export function withMember(
  options: BootOptions,
  { group, sets }: BootOption,
  value: unknown,
): BootOptions {
  if (sets === undefined) {
    return options;
  }
  const all: Readonly<Record<string, unknown>> = options;
  const changed =
    group === undefined
      ? { [sets]: value }
      : { [group]: { ...(all[group] as object), [sets]: value } };
  return { ...options, ...changed };
}
