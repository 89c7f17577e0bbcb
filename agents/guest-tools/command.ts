import { type Command, UsageError } from "../command/command.ts";
import { parseWords } from "../command/parse-words.ts";
import { detectHypervisor } from "./hypervisor.ts";
import { type GuestPlan, planGuestTools } from "./plan.ts";
import { readFacts } from "./read-facts.ts";
import { applyGuestPlan } from "./stage.ts";

const help = `guest-tools serves the hypervisor that this machine runs on.

  guest-tools                starts what the hypervisor needs (done by the boot)
  guest-tools --dry-run      shows what that is and does nothing
  guest-tools detect         says which hypervisor it is

  --json                     the same as JSON
  --help                     this text`;

export const guestToolsCommand: Command = {
  name: "guest-tools",
  help,
  async run(words, kernel, terminal) {
    const { flags, operands } = parseWords(words, { "dry-run": "flag", json: "flag" });
    const [operand, ...more] = operands;
    if (more.length > 0 || (operand !== undefined && operand !== "detect")) {
      throw new UsageError(`"${operands.join(" ")}" isn't understood; the only word is detect`);
    }
    const facts = readFacts(kernel);
    if (operand === "detect") {
      const detection = detectHypervisor(facts.machine);
      const { hypervisor, by } = detection;
      terminal.out(flags.has("json") ? JSON.stringify(detection) : `${hypervisor} (${by})`);
      return 0;
    }
    const plan = planGuestTools(facts);
    terminal.out(flags.has("json") ? JSON.stringify({ observed: facts, plan }) : planText(plan));
    if (!flags.has("dry-run")) await applyGuestPlan(kernel, plan, []);
    return 0;
  },
};

/** The plan, one step a line. */
export function planText(plan: GuestPlan): string {
  return [
    `hypervisor ${plan.detection.hypervisor}, told by ${plan.detection.by}`,
    ...plan.modules.map((name) => `load module ${name}`),
    ...plan.links.map(({ path, target }) => `link ${path} to ${target}`),
    ...plan.services.map(({ argv }) => `start ${argv.join(" ")}`),
    ...plan.missing.map((what) => `missing ${what}`),
  ].join("\n");
}
