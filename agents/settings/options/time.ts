import type { BootOptionKind } from "../boot-option-table.ts";
import { anywhere } from "../sources.ts";
import { list, text } from "./option-kinds.ts";

/** The clock, and how it is shown. */
export const timeOptions: readonly BootOptionKind[] = [
  text("tz", "ZONE", "the time zone as POSIX writes it (CET-1CEST,M3.5.0,M10.5.0/3)", anywhere, {
    matches: /^[A-Za-z<][A-Za-z0-9<>+:,./-]{2,63}$/,
    expected: "a POSIX time zone such as UTC0 or CET-1CEST,M3.5.0,M10.5.0/3",
    set: (options, value) => {
      options.timeZone = value;
    },
  }),
  list("ntpserver", "HOST[,HOST…]", "time servers to ask", anywhere, {
    expected: "hosts, with commas between",
    get: (options) => options.timeServers,
    set: (options, hosts) => {
      options.timeServers = hosts;
    },
  }),
];
