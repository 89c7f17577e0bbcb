import type { Command } from "commander";
import { UsageFailure } from "../failure.ts";
import { type ListedMachine, listMachines } from "../life/list.ts";
import { wholeNumber } from "./arguments.ts";
import type { Context } from "./context.ts";
import { formatTable } from "./table.ts";

interface Flags {
  quiet: boolean;
  json: boolean;
  filter: string[];
  timeout: number;
}

const HEADER = ["NAME", "ACTIVE", "DRIVER", "STATE", "URL", "ERRORS"];
const TIMEOUT_S = 10;

/** `ls`: what machines there are, and what they really do. */
export function addLs(program: Command, context: Context): void {
  program
    .command("ls")
    .description("List machines")
    .option("-q, --quiet", "names only", false)
    .option("--json", "as JSON", false)
    .option(
      "--filter <key=value>",
      "only machines with this driver, state, or name (a regular expression); repeatable",
      (value: string, before: string[]) => [...before, value],
      [],
    )
    .option("-t, --timeout <seconds>", "how long to wait for each", wholeNumber(1, 3600), TIMEOUT_S)
    .action(async (flags: Flags) => {
      const keep = parseFilters(flags.filter);
      const active = context.terminal.environment.PODMAN_MACHINE_NAME;
      const all = await listMachines(context.host().store, active, flags.timeout * 1000);
      for (const line of render(all.filter(keep), flags)) {
        context.terminal.out(line);
      }
    });
}

/** The lines that `ls` prints. */
export function render(
  machines: readonly ListedMachine[],
  flags: { quiet: boolean; json: boolean },
): string[] {
  if (flags.json) {
    return [JSON.stringify(machines, null, 4)];
  }
  if (flags.quiet) {
    return machines.map((machine) => machine.name);
  }
  const rows = machines.map((machine) => [
    machine.name,
    machine.active ? "*" : "-",
    machine.driver,
    machine.state,
    machine.url,
    machine.error,
  ]);
  return formatTable([HEADER, ...rows]);
}

/**
 * A machine is kept when it fits one of the values of every key. Throws for a key that there isn't.
 */
export function parseFilters(filters: readonly string[]): (machine: ListedMachine) => boolean {
  const byKey = new Map<string, string[]>();
  for (const filter of filters) {
    const [key = "", ...rest] = filter.split("=");
    if (rest.length === 0 || !["driver", "state", "name"].includes(key)) {
      throw new UsageFailure(`Unsupported filter "${filter}": expected driver=, state= or name=.`);
    }
    byKey.set(key, [...(byKey.get(key) ?? []), rest.join("=")]);
  }
  const names = (byKey.get("name") ?? []).map(expression);
  return (machine) =>
    isAmong(byKey.get("driver"), machine.driver) &&
    isAmong(byKey.get("state"), machine.state) &&
    (names.length === 0 || names.some((name) => name.test(machine.name)));
}

function isAmong(values: readonly string[] | undefined, value: string): boolean {
  return values?.some((other) => other.toLowerCase() === value.toLowerCase()) ?? true;
}

function expression(text: string): RegExp {
  try {
    return new RegExp(text);
  } catch {
    throw new UsageFailure(`"${text}" is no regular expression.`);
  }
}
