import { type Command, UsageError } from "../command/command.ts";
import { parseWords } from "../command/parse-words.ts";
import { detectHypervisor } from "../hypervisor/detect.ts";
import { readMachineFacts } from "../hypervisor/facts/read-machine-facts.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { readSettings } from "../settings/settings.ts";
import { type GuestToolsPlan, planGuestTools } from "./plan/plan.ts";
import { readFacts } from "./plan/read-facts.ts";
import { findShares } from "./shares/find-shares.ts";
import type { SharePlan } from "./shares/plan-shares.ts";
import { planFor } from "./shares/stage.ts";
import { applyGuestPlan } from "./stage.ts";

const help = `guest-tools: drivers, services and shared folders for the hypervisor that this machine runs on.

  guest-tools                start what the hypervisor needs (done by the boot)
  guest-tools shares         mount shared folders that aren't mounted yet
  guest-tools --dry-run      show what would be done, without doing it
  guest-tools detect         show which hypervisor it is

  --json                     the same as JSON
  --help                     this text`;

/** The command `guest-tools`: which hypervisor this is, what is done for it, its shares. */
export const guestToolsCommand: Command = {
  name: "guest-tools",
  help,
  async run(words, kernel, terminal) {
    const { flags, operands } = parseWords(words, { "dry-run": "flag", json: "flag" });
    const [operand, ...more] = operands;
    if (more.length > 0 || !(operand === undefined || /^(detect|shares)$/.test(operand))) {
      throw new UsageError(`"${operands.join(" ")}" is unknown; expected detect or shares`);
    }
    const isJson = flags.has("json");
    if (operand === "detect") {
      const detection = detectHypervisor(readMachineFacts(kernel));
      const { hypervisor, by } = detection;
      terminal.out(isJson ? JSON.stringify(detection) : `${hypervisor} (${by})`);
      return 0;
    }
    const { observed, plan, shares } = await observeAndPlan(kernel);
    if (operand === "shares") {
      terminal.out(isJson ? JSON.stringify(shares) : sharesText(shares));
      return flags.has("dry-run") ? 0 : await mountAll(kernel, shares, terminal.err);
    }
    terminal.out(
      isJson
        ? JSON.stringify({ observed, plan, shares })
        : [planText(plan), sharesText(shares)].join("\n"),
    );
    if (!flags.has("dry-run")) {
      const done: string[] = [];
      await applyGuestPlan(kernel, plan, done);
      if (!isJson && done.length > 0) {
        terminal.out(done.join("\n"));
      }
    }
    return 0;
  },
};

async function observeAndPlan(kernel: Kernel) {
  const { options } = await readSettings(kernel);
  const facts = readFacts(kernel);
  const offered = await findShares(kernel);
  return {
    observed: { ...facts, offered },
    plan: planGuestTools(facts, options.guestAgent),
    shares: await planFor(kernel, offered, options.shares, options.user),
  };
}

async function mountAll(
  kernel: Kernel,
  shares: SharePlan,
  warn: (line: string) => void,
): Promise<number> {
  const { mountShares } = await import("./shares/mount-shares.ts");
  const failures = await mountShares(kernel, shares.mounts, []);
  for (const line of failures) {
    warn(line);
  }
  return failures.length + shares.warnings.length === 0 ? 0 : 1;
}

/** The plan, one step a line. */
export function planText(plan: GuestToolsPlan): string {
  return [
    `hypervisor ${plan.detection.hypervisor}, detected by ${plan.detection.by}`,
    `clock ${plan.clock}`,
    `power ${plan.power}`,
    ...plan.modules.map((name) => `load module ${name}`),
    ...plan.links.map(({ path, target }) => `link ${path} to ${target}`),
    ...plan.services.map(({ argv }) => `start ${argv.join(" ")}`),
    ...plan.shares.map((kind) => `look for shared folders by ${kind}`),
    ...plan.reports.map((where) => `report this guest to ${where}`),
    ...plan.missing.map((what) => `missing ${what}`),
  ].join("\n");
}

function sharesText({ mounts, warnings }: SharePlan): string {
  const lines = [...mounts.map(({ argv }) => argv.join(" ")), ...warnings];
  return lines.length === 0 ? "no shared folders to mount" : lines.join("\n");
}
