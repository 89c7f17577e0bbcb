import { hasCode, KernelError } from "../../kernel/kernel-error.ts";
import type { Stage } from "../../stage/stage.ts";
import { planSysctls } from "./plan-sysctls.ts";

const folder = "/etc/sysctl.d";

/** Kernel settings of /etc/sysctl.d/*.conf; one that the kernel refuses doesn't keep the others. */
export const sysctlsStage: Stage = {
  name: "sysctls",
  needs: [],
  deadlineMs: 5_000,
  async run({ kernel, notes }) {
    const paths = kernel
      .listIfPresent(folder)
      .filter((name) => name.endsWith(".conf"))
      .map((name) => `${folder}/${name}`);
    const plan = planSysctls(paths.map((path) => ({ path, text: kernel.readText(path) })));
    notes.observed = paths;
    notes.plan = plan.sysctls;
    const warnings = [...plan.warnings];
    for (const { key, path, value, isOptional } of plan.sysctls) {
      try {
        if (!kernel.exists(path)) {
          throw new KernelError("set", key, "ENOENT");
        }
        kernel.writePlain(path, value);
        notes.done.push(`${key} = ${value}`);
      } catch (error) {
        if (!(error instanceof KernelError)) {
          throw error;
        }
        if (!(isOptional && hasCode(error, "ENOENT"))) {
          warnings.push(`${key}: ${error.code}`);
        }
      }
    }
    const message = [`${notes.done.length} set`, ...warnings].join("; ");
    return { result: "ok", message };
  },
};
