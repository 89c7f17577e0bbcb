import type { ReportKind } from "../hypervisor/plan/guest-plan.ts";
import { portFolder } from "../hypervisor/plan/qemu-agent.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { loadModules } from "../modules/module-loader.ts";
import { supervisorOf } from "../services/supervisor.ts";
import type { Stage } from "../stage/stage.ts";
import { applySteps } from "../steps/apply-steps.ts";
import type { Step } from "../steps/step.ts";
import { type GuestToolsPlan, planGuestTools } from "./plan/plan.ts";
import { readFacts } from "./plan/read-facts.ts";

/** How each hypervisor that hears of this guest otherwise than by a service is told; what was done, in words. */
const reporters: Readonly<Record<ReportKind, (kernel: Kernel) => Promise<string>>> = {
  async xenstore(kernel) {
    const { reportToXen } = await import("./xen/report.ts");
    reportToXen(kernel);
    return "report this guest to XenStore";
  },
};

/** Finds out on which hypervisor we are, and starts what that needs. */
export const guestToolsStage: Stage = {
  name: "guest-tools",
  needs: ["devices"],
  deadlineMs: 20_000,
  async run({ kernel, options, notes }) {
    const facts = readFacts(kernel);
    notes.observed = facts;
    const plan = planGuestTools(facts, options.guestAgent);
    notes.plan = plan;
    await applyGuestPlan(kernel, plan, notes.done);
    for (const kind of plan.reports) {
      notes.done.push(await reporters[kind](kernel));
    }
    const { detection, services, reports, missing } = plan;
    const running = [...services.map((service) => service.name), ...reports];
    const parts = [detection.hypervisor, ...running, ...missing.map((what) => `missing: ${what}`)];
    return { result: "ok", message: parts.join(", ") };
  },
};

/** Carries the plan out and notes each step. A service that runs already is left alone. */
export async function applyGuestPlan(
  kernel: Kernel,
  plan: GuestToolsPlan,
  done: string[],
): Promise<void> {
  const modules = plan.modules.filter((name) => !kernel.exists(`/sys/module/${name}`));
  await loadModules(kernel, modules);
  if (modules.length > 0) {
    done.push(`load ${modules.join(" ")}`);
  }
  const links: Step[] = plan.links.map((link) => ({ do: "link", ...link }));
  const folder: Step = { do: "folder", path: portFolder };
  applySteps(kernel, links.length === 0 ? [] : [folder, ...links], done);
  for (const service of plan.services) {
    const { name } = service;
    const pid = supervisorOf(kernel).start(service);
    done.push(pid === undefined ? `${name} runs already` : `start ${name} as process ${pid}`);
  }
}
