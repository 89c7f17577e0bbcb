import type { Command } from "commander";
import { UsageError } from "../error/machine-error.ts";
import { type ListedMachine, listMachines } from "../life/list.ts";
import { templateNames } from "../store/templates.ts";
import { renderTemplate } from "../template/render.ts";
import { collect, wholeNumber } from "./arguments.ts";
import type { Context } from "./context.ts";
import { parseFilters } from "./filters.ts";
import { formatTable } from "./table.ts";

interface Flags {
  quiet: boolean;
  json: boolean;
  filter: string[];
  timeout: number;
  format?: string;
}

const header = ["NAME", "ACTIVE", "DRIVER", "STATE", "URL", "ERRORS"];
const timeoutS = 10;

/** `ls`: what machines there are, and what they really do. */
export function addLs(program: Command, context: Context): void {
  program
    .command("ls")
    .description("List machines")
    .option("-q, --quiet", "names only", false)
    .option("--json", "as JSON", false)
    .option(
      "--filter <key=value>",
      "only machines with this driver, state, label, or name (a regular expression); repeatable",
      collect,
      [],
    )
    .option("-t, --timeout <seconds>", "how long to wait for each", wholeNumber(1, 3600), timeoutS)
    .option(
      "-f, --format <template>",
      "print each with a Go template, such as '{{.Name}} {{.State}}'",
    )
    .action(async (flags: Flags) => {
      if ([flags.quiet, flags.json, flags.format !== undefined].filter(Boolean).length > 1) {
        throw new UsageError("--quiet, --json and --format exclude one another.");
      }
      const keep = parseFilters(flags.filter);
      const active = context.person.environment.PODMAN_MACHINE_NAME;
      const all = await listMachines(context.host().store, active, flags.timeout * 1000);
      for (const line of render(all.filter(keep), flags)) {
        context.terminal.out(line);
      }
      const isTable = !flags.quiet && !flags.json && flags.format === undefined;
      const templates = isTable ? await templateNames(context.host().store) : [];
      if (templates.length > 0) {
        context.terminal.out(`Templates, see "podman-machine save ls": ${templates.join(", ")}`);
      }
    });
}

/** The lines that `ls` prints. */
export function render(
  machines: readonly ListedMachine[],
  flags: { quiet: boolean; json: boolean; format?: string },
): string[] {
  if (flags.json) {
    return [JSON.stringify(machines, null, 4)];
  }
  if (flags.quiet) {
    return machines.map((machine) => machine.name);
  }
  if (flags.format !== undefined) {
    return formatted(machines, flags.format);
  }
  const rows = machines.map((machine) => [
    machine.name,
    machine.active ? "*" : "-",
    machine.driver,
    machine.state,
    machine.url,
    machine.error,
  ]);
  return formatTable([header, ...rows]);
}

/** Fields of a template by the names that docker-machine's have. */
function fieldsOf(machine: ListedMachine) {
  return {
    Name: machine.name,
    Active: machine.active ? "*" : "-",
    ActiveHost: machine.active,
    DriverName: machine.driver,
    State: machine.state,
    URL: machine.url,
    Error: machine.error,
    Labels: machine.labels,
    ResponseTime: `${machine.responseTimeMs}ms`,
  };
}

const columnNames = {
  Name: "NAME",
  Active: "ACTIVE",
  ActiveHost: "ACTIVE_HOST",
  DriverName: "DRIVER",
  State: "STATE",
  URL: "URL",
  Error: "ERRORS",
  Labels: "LABELS",
  ResponseTime: "RESPONSE",
};

/** `table TEMPLATE` has a header, and columns where the template has tabs. */
function formatted(machines: readonly ListedMachine[], format: string): string[] {
  const isTable = /^table\s/.test(format);
  const template = format.replace(/^table\s+/, "").replaceAll("\\t", "\t");
  const lines = machines.map((machine) => renderTemplate(template, fieldsOf(machine)));
  const all = isTable ? [renderTemplate(template, columnNames), ...lines] : lines;
  return isTable ? formatTable(all.map((line) => line.split("\t"))) : all;
}
