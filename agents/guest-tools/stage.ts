import { loadModules } from "../init-hooks/devices/module-loader.ts";
import type { Stage } from "../init-hooks/stage.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { applySteps } from "../steps/apply-steps.ts";
import type { Step } from "../steps/step.ts";
import { type GuestPlan, planGuestTools } from "./plan.ts";
import { readFacts } from "./read-facts.ts";

/** Finds out on which hypervisor we are, and starts what that needs. */
export const guestToolsStage: Stage = {
  name: "guest-tools",
  needs: ["devices"],
  deadlineMs: 20_000,
  async run({ kernel, notes }) {
    const facts = readFacts(kernel);
    notes.observed = facts;
    const plan = planGuestTools(facts);
    notes.plan = plan;
    await applyGuestPlan(kernel, plan, notes.done);
    const { detection, services, missing } = plan;
    const running = services.map((service) => service.name);
    const parts = [detection.hypervisor, ...running, ...missing.map((what) => `missing: ${what}`)];
    return { result: "ok", message: parts.join(", ") };
  },
};

/** Carries the plan out and notes each step. */
export async function applyGuestPlan(
  kernel: Kernel,
  plan: GuestPlan,
  done: string[],
): Promise<void> {
  const modules = plan.modules.filter((name) => !kernel.exists(`/sys/module/${name}`));
  await loadModules(kernel, modules);
  if (modules.length > 0) done.push(`load ${modules.join(" ")}`);
  const links: Step[] = plan.links.map((link) => ({ do: "link", ...link }));
  const folder: Step = { do: "folder", path: "/dev/virtio-ports" };
  applySteps(kernel, links.length === 0 ? [] : [folder, ...links], done);
  for (const { name, argv } of plan.services) {
    const { pid } = kernel.spawn(argv);
    done.push(`start ${name} as process ${pid}`);
  }
}
