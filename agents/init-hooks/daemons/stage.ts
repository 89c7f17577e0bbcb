import { oneLine } from "../../command/one-line.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { noHooksPath } from "../../kernel/state-folder.ts";
import { supervisorOf } from "../../services/supervisor.ts";
import type { Stage } from "../../stage/stage.ts";
import { mebibyte } from "../../units/bytes.ts";
import { crontabs, planDaemons } from "./plan-daemons.ts";

const longestCrontabBytes = mebibyte;

/** crond reads a crontab before anything else, and waits at one that never ends. Throws for what is none. */
function checkCrontabs(kernel: Kernel): void {
  for (const name of kernel.listNoFollow(crontabs)) {
    const found = kernel.lstat(`${crontabs}/${name}`);
    if (found?.kind !== "file" || found.sizeBytes > longestCrontabBytes) {
      const what = found?.kind === "file" ? "longer than a crontab" : `a ${found?.kind}`;
      throw new Error(`crond doesn't run: ${crontabs}/${oneLine(name)} is ${what}`);
    }
  }
}

/** crond, syslogd and further consoles, for those who ask for them. */
export const daemonsStage: Stage = {
  name: "daemons",
  // A console's login is decided by then.
  needs: ["settings", "console"],
  deadlineMs: 5_000,
  async run({ kernel, options, notes }) {
    const isCronHeld = options.cron && kernel.exists(noHooksPath);
    const services = planDaemons({ ...options, cron: options.cron && !isCronHeld });
    if (isCronHeld) {
      kernel.tellConsole(
        "crond doesn't run: crontabs of this data disk are disabled (boot2podman.hooks)",
      );
    }
    if (services.length === 0) {
      return { result: "skipped", message: "none asked for" };
    }
    notes.plan = services;
    if (options.cron && !isCronHeld) {
      kernel.mkdir(crontabs, { mode: 0o700 });
      checkCrontabs(kernel);
    }
    for (const service of services) {
      const pid = supervisorOf(kernel).start(service);
      notes.done.push(`start ${service.name}${pid === undefined ? ": runs already" : ""}`);
    }
    return { result: "ok", message: services.map(({ name }) => name).join(", ") };
  },
};
