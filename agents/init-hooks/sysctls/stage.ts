import type { Kernel } from "../../kernel/kernel.ts";
import { hasCode, KernelError } from "../../kernel/kernel-error.ts";
import { meminfoBytes } from "../../kernel/meminfo.ts";
import type { SystemPath } from "../../kernel/system-path.ts";
import type { Stage } from "../../stage/stage.ts";
import { freeReserveKey, planFreeReserve } from "./free-reserve.ts";
import { planSysctls, type Sysctl } from "./plan-sysctls.ts";

const folder = "/etc/sysctl.d";

const freeReservePath = "/proc/sys/vm/min_free_kbytes";

/**
 * Kernel settings of /etc/sysctl.d/*.conf, and the free reserve by the size of memory where these have none; one that
 * the kernel refuses doesn't keep the others.
 */
export const sysctlsStage: Stage = {
  name: "sysctls",
  needs: [],
  deadlineMs: 5_000,
  async run({ kernel, notes }) {
    const paths = kernel
      .listIfPresent(folder)
      .filter((name) => name.endsWith(".conf"))
      .map((name): SystemPath => `${folder}/${name}`);
    const plan = planSysctls(paths.map((path) => ({ path, text: kernel.readText(path) })));
    const before = availableBytes(kernel);
    const sysctls = [...ownSysctls(kernel, plan.sysctls), ...plan.sysctls];
    notes.plan = sysctls;
    const warnings = [...plan.warnings];
    for (const { key, path, value, isOptional } of sysctls) {
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
    notes.observed = { paths, availableBytes: { before, after: availableBytes(kernel) } };
    const message = [`${notes.done.length} set`, ...warnings].join("; ");
    return { result: "ok", message };
  },
};

/** What depends on the machine and no file can say; what a file does say counts. */
function ownSysctls(kernel: Kernel, said: readonly Sysctl[]): Sysctl[] {
  if (said.some(({ path }) => path === freeReservePath)) {
    return [];
  }
  const present = Number(kernel.readTextIfPresent(freeReservePath) ?? 0);
  const enough = planFreeReserve(kernel.readTextIfPresent("/proc/meminfo") ?? "", present);
  return enough === undefined
    ? []
    : [{ key: freeReserveKey, path: freeReservePath, value: `${enough}`, isOptional: false }];
}

/** The kernel's MemAvailable, which leaves out what is kept free. */
function availableBytes(kernel: Kernel): number {
  return meminfoBytes(kernel.readTextIfPresent("/proc/meminfo") ?? "", "MemAvailable");
}
