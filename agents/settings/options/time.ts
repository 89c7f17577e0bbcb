import { choice, list, text } from "./option-forms.ts";
import { anywhere } from "./sources.ts";

/** The clock, and how it is shown. */
export const timeOptions = [
  text({
    name: "tz",
    value: "ZONE",
    help: "the time zone, by name (Europe/Berlin) or in POSIX format",
    sources: anywhere,
    sets: "timeZone",
    default: undefined,
    matches: /^[A-Za-z<][A-Za-z0-9<>_+:,./-]{2,63}$/,
    expected: "a time zone such as Europe/Berlin, UTC0 or CET-1CEST,M3.5.0,M10.5.0/3",
  }),
  choice({
    name: "rtc",
    help: "what the hardware clock shows: utc (default), or the local time of tz=, as on machines with Windows",
    sources: anywhere,
    sets: "hardwareClock",
    default: "utc",
    choices: ["utc", "local"],
  }),
  list({
    name: "ntpserver",
    value: "HOST[,HOST…]",
    help: "time servers to ask",
    sources: anywhere,
    sets: "timeServers",
    expected: "hosts, with commas between",
  }),
];
