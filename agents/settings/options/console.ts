import { flag, word } from "./option-forms.ts";
import { anywhere } from "./sources.ts";

/** The same for both words that ask for a password. */
const passwordAsked = {
  sources: anywhere,
  sets: "autologin",
  default: true,
  on: false,
  off: true,
} as const;

/** Who may come in at the console, and what else runs for people. */
export const consoleOptions = [
  word<"autologin", boolean>({
    ...passwordAsked,
    name: "noautologin",
    help: "the console asks for a user name and password",
  }),
  word<"autologin", boolean>({
    ...passwordAsked,
    name: "secure",
    help: "the same as noautologin",
  }),
  flag({
    name: "superuser",
    help: "the console logs root in instead of the user",
    sources: anywhere,
    sets: "superuser",
  }),
  flag({
    name: "pwauth",
    help: "the user may log in with the documented password, tcuser, which everybody knows",
    sources: anywhere,
    sets: "passwordLogin",
  }),
  flag({
    name: "multivt",
    help: "consoles on tty2 to tty6 too",
    sources: anywhere,
    sets: "multivt",
  }),
  flag({
    name: "cron",
    help: "crond runs, with the crontabs of the data disk",
    sources: anywhere,
    sets: "cron",
  }),
  flag({
    name: "syslog",
    help: "syslogd listens on /dev/log, for programs that log there",
    sources: anywhere,
    sets: "syslog",
  }),
];
