import { checked, libc, ptr } from "./libc.ts";

const time = new BigInt64Array(2);

/** Milliseconds of a clock of clock_gettime(2), with fractions. */
export function clockMs(clock: number): number {
  checked("read", `clock ${clock}`, libc().clock_gettime(clock, ptr(time)));
  return Number(time[0]) * 1000 + Number(time[1]) / 1e6;
}
