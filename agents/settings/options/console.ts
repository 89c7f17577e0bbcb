import type { BootOptionKind } from "../boot-option-table.ts";
import { anywhere } from "../sources.ts";
import { flag } from "./option-kinds.ts";

/** Who may come in at the console, and what else runs for people. */
export const consoleOptions: readonly BootOptionKind[] = [
  flag(
    "noautologin",
    "the console asks for a user name and password",
    anywhere,
    (options, isOn) => {
      options.autologin = !isOn;
    },
  ),
  flag("secure", "the same as noautologin", anywhere, (options, isOn) => {
    options.autologin = !isOn;
  }),
  flag("superuser", "the console logs root in instead of the user", anywhere, (options, isOn) => {
    options.superuser = isOn;
  }),
  flag(
    "pwauth",
    "the user may log in by the documented password, tcuser, which everybody knows",
    anywhere,
    (options, isOn) => {
      options.passwordLogin = isOn;
    },
  ),
  flag("multivt", "consoles on tty2 to tty6 too", anywhere, (options, isOn) => {
    options.multivt = isOn;
  }),
  flag("cron", "crond runs, with the crontabs of the data disk", anywhere, (options, isOn) => {
    options.cron = isOn;
  }),
  flag(
    "syslog",
    "syslogd listens on /dev/log, for programs that log there",
    anywhere,
    (options, isOn) => {
      options.syslog = isOn;
    },
  ),
];
