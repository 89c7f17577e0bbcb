import { type Command, type Terminal, UsageError } from "../command/command.ts";
import { parseWords } from "../command/parse-words.ts";
import type { CommandTable } from "../command/run-command.ts";
import { version } from "../command/version.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { initStartMs } from "./init-start.ts";
import { readStatus } from "./status.ts";
import { statusText } from "./status-table.ts";

const help = `boot2podman shows the state of this machine.

  boot2podman status           the result of the boot: a table of its stages
  boot2podman status --json    the same as JSON, with what each stage observed, planned and did
  boot2podman boot-chart       the boot as a chart: boot2podman boot-chart > boot.svg
  boot2podman boot-chart --table, --json   the same as text or JSON
  boot2podman service …        services that Quadlet files describe; see boot2podman service --help
  boot2podman extension …      what else there is in /usr; see boot2podman extension --help
  boot2podman upgrade …        another version on a disk image; see boot2podman upgrade --help
  boot2podman version          the version of the image

  --help                       this text`;

/** The command `boot2podman`: how this machine is. `more` has what begins with another word, from rooms above. */
export function boot2podmanCommand(more: CommandTable): Command {
  return {
    name: "boot2podman",
    help,
    async helpFor(words) {
      const [first = ""] = words;
      return Object.hasOwn(more, first) ? ((await more[first]?.())?.help ?? help) : help;
    },
    run: (words, kernel, terminal) => runBoot2podman(more, words, kernel, terminal),
  };
}

async function runBoot2podman(
  more: CommandTable,
  words: readonly string[],
  kernel: Kernel,
  terminal: Terminal,
): Promise<number> {
  const [first = "", ...rest] = words;
  const command = Object.hasOwn(more, first) ? await more[first]?.() : undefined;
  if (command !== undefined) {
    return await command.run(rest, kernel, terminal);
  }
  const { flags, operands } = parseWords(words, { json: "flag", table: "flag" });
  const [operand, ...others] = operands;
  if (others.length > 0) {
    throw new UsageError(`unexpected argument "${others.join(" ")}"`);
  }
  switch (operand) {
    case "status": {
      const status = readStatus(kernel, version);
      terminal.out(flags.has("json") ? JSON.stringify(status, null, 2) : statusText(status));
      return 0;
    }
    case "boot-chart": {
      const form = flags.has("json") ? "json" : flags.has("table") ? "table" : "svg";
      terminal.out(await chartText(kernel, form));
      return 0;
    }
    case "version":
      terminal.out(version);
      return 0;
    case undefined:
      throw new UsageError("expected status, service, extension, upgrade, boot-chart or version");
    default:
      throw new UsageError(
        `"${operand}" is unknown; expected status, service, extension, upgrade, boot-chart or version`,
      );
  }
}

async function chartText(kernel: Kernel, form: "json" | "table" | "svg"): Promise<string> {
  const { bootChart } = await import("./chart/phases.ts");
  const { stages, services, hypervisor } = readStatus(kernel, version);
  const chart = bootChart({ records: stages, services, initMs: initStartMs(kernel) });
  if (form === "json") {
    return JSON.stringify(chart, null, 2);
  }
  if (form === "table") {
    return (await import("./chart/table.ts")).chartTable(chart);
  }
  const { chartSvg } = await import("./chart/svg.ts");
  return chartSvg(chart, `boot2podman ${version} on ${hypervisor}, host ${kernel.hostname()}`);
}
