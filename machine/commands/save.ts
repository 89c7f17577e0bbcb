import type { Command } from "commander";
import { UsageError } from "../error/machine-error.ts";
import { removeTemplate, saveMachine } from "../life/save.ts";
import { listTemplates } from "../life/templates.ts";
import { defaultName } from "../store/name.ts";
import type { Context } from "./context.ts";
import { formatTable } from "./table.ts";

interface Flags {
  as?: string;
  json: boolean;
  quiet: boolean;
}

/** `save`: a template of a machine that runs, and what templates there are. */
export function addSave(program: Command, context: Context): void {
  program
    .command("save")
    .description("Save a machine that runs as a template; it goes on")
    .usage("[options] [name] | ls | rm templates... | inspect template")
    .argument("[name...]", `name of the machine (default: "${defaultName}"), or ls, rm, inspect`)
    .option("--as <template>", "name of the template (default: the machine's)")
    .option("--json", "with ls: as JSON", false)
    .option("-q, --quiet", "with ls: names only", false)
    .action(async (words: string[], flags: Flags) => {
      const [first = defaultName, ...rest] = words;
      if (first === "ls" && rest.length === 0) {
        await list(context, flags);
      } else if (first === "rm" && rest.length > 0) {
        for (const name of rest) {
          await removeTemplate(context.host(), name);
          context.terminal.out(`Template "${name}" was removed.`);
        }
      } else if (first === "inspect" && rest.length > 0) {
        const all = await listTemplates(context.host().store);
        const found = rest.map((name) => {
          const template = all.find((one) => one.name === name);
          if (template === undefined) {
            throw new UsageError(
              `There is no template "${name}": "podman-machine save ls" lists them.`,
            );
          }
          return template;
        });
        context.terminal.out(JSON.stringify(found, null, 4));
      } else if (rest.length === 0) {
        await save(context, first, flags.as ?? first);
      } else {
        throw new UsageError(
          `Expected one machine, ls, rm or inspect, found "${words.join(" ")}".`,
        );
      }
    });
}

async function save(context: Context, name: string, as: string): Promise<void> {
  const startedMs = performance.now();
  const { stoppedMs } = await saveMachine(context.host(), name, { as });
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  context.terminal.out(
    `Machine "${name}" was saved as "${as}" after ${seconds} s, and goes on; it was stopped for ${(stoppedMs / 1000).toFixed(2)} s.`,
  );
}

async function list(context: Context, flags: Flags): Promise<void> {
  const all = await listTemplates(context.host().store);
  if (flags.json) {
    context.terminal.out(JSON.stringify(all, null, 4));
    return;
  }
  if (flags.quiet) {
    for (const { name } of all) {
      context.terminal.out(name);
    }
    return;
  }
  const rows = all.map(({ name, machine, created, imageVersion, bytes, forks }) => [
    name,
    machine,
    created.slice(0, 16).replace("T", " "),
    imageVersion,
    `${Math.round(bytes / 2 ** 20)} MiB`,
    forks.join(" "),
  ]);
  for (const line of formatTable([
    ["TEMPLATE", "MACHINE", "SAVED", "IMAGE", "SIZE", "FORKS"],
    ...rows,
  ])) {
    context.terminal.out(line);
  }
}
