import { stateFolder } from "../../kernel/state-folder.ts";
import type { Service } from "../../services/service.ts";

/** Crontabs, one file for each user, on the data disk when there is one. */
export const crontabs = `${stateFolder}/etc/crontabs`;
/** Consoles beside the first, which is init's. */
const furtherConsoles = ["tty2", "tty3", "tty4", "tty5", "tty6"];

/** Which daemons were asked for. */
export interface DaemonOptions {
  cron: boolean;
  syslog: boolean;
  multivt: boolean;
}

/** What runs only for those who ask for it: the options cron, syslog and multivt. */
export function planDaemons({ cron, syslog, multivt }: DaemonOptions): Service[] {
  const crond: Service = {
    name: "crond",
    argv: ["crond", "-f", "-c", crontabs, "-L", "/var/log/crond.log"],
  };
  // Its file is kept short, and kept on the disk, like those of the other services: no rotating of its own.
  const syslogd: Service = {
    name: "syslogd",
    argv: ["syslogd", "-n", "-s", "0", "-O", "/var/log/messages.log"],
  };
  return [
    ...(syslog ? [syslogd] : []),
    ...(cron ? [crond] : []),
    ...(multivt ? furtherConsoles : []).map(
      (tty): Service => ({
        name: `console-${tty}`,
        argv: ["/usr/lib/boot2podman/service", "console", tty],
      }),
    ),
  ];
}
