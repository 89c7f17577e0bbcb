import { supervisorOf } from "../../services/supervisor.ts";
import type { Stage } from "../../stage/stage.ts";
import { crontabs, planDaemons } from "./plan-daemons.ts";

/** crond, syslogd and further consoles, for those who ask for them. */
export const daemonsStage: Stage = {
  name: "daemons",
  // A console's login is decided by then.
  needs: ["settings", "console"],
  deadlineMs: 5_000,
  async run({ kernel, options, notes }) {
    const services = planDaemons(options);
    if (services.length === 0) {
      return { result: "skipped", message: "none asked for" };
    }
    notes.plan = services;
    if (options.cron) {
      kernel.mkdir(crontabs, { mode: 0o700 });
    }
    for (const service of services) {
      const pid = supervisorOf(kernel).start(service);
      notes.done.push(`start ${service.name}${pid === undefined ? ": runs already" : ""}`);
    }
    return { result: "ok", message: services.map(({ name }) => name).join(", ") };
  },
};
