import type { Kernel } from "../../kernel/kernel.ts";
import { runChecked } from "../../kernel/run-checked.ts";
import { readHardwareClockMs } from "./sources.ts";
import { setTimeZone } from "./time-zone.ts";

const dateTimeout = { quietMs: 10_000 };
/** The two show the same when the one was set by the other at the start. */
const sameMs = 60_000;
const quarterMs = 15 * 60_000;
/** From UTC-12 to UTC+14. */
const farthestMs = 14 * 3_600_000;
const exactMs = 10_000;

/**
 * Takes the hardware clock's time for that of the zone (`rtc=local`). Gives what it did, in words. A system whose clock was
 * set by another one (KVM's own) is left as it is. Throws a KernelError.
 */
export async function readAsLocal(kernel: Kernel, zone: string | undefined): Promise<string> {
  if (zone === undefined) {
    return "rtc=local needs the zone: tz=Europe/Berlin; the hardware clock is taken for UTC";
  }
  setTimeZone(kernel, zone);
  const [hardwareMs, nowMs] = [readHardwareClockMs(kernel), kernel.nowMs()];
  if (hardwareMs === undefined || Math.abs(hardwareMs - nowMs) > sameMs) {
    return "the time isn't the hardware clock's, and stays (rtc=local)";
  }
  const argv = ["date", "-d", `@${Math.floor(nowMs / 1000)}`, "+%z"];
  const zoneOffset = (await runChecked(kernel, argv, { timeoutMs: dateTimeout })).trim();
  const minutes = minutesEast(zoneOffset);
  kernel.hardwareClockIsLocal(minutes);
  return `the hardware clock shows local time, UTC${zoneOffset} (rtc=local)`;
}

/** 120 of "+0200"; 0 of what has another form. */
export function minutesEast(text: string): number {
  const [, sign, hours, minutes] = /^([+-])(\d{2})(\d{2})$/.exec(text) ?? [];
  const count = Number(hours ?? 0) * 60 + Number(minutes ?? 0);
  return sign === "-" ? -count : count;
}

/** Whether a clock that is off by so much seems to show a local time: zones differ by quarters of an hour (IANA). */
export function looksLocal(offsetMs: number): boolean {
  const quarters = Math.round(offsetMs / quarterMs);
  const rest = Math.abs(offsetMs - quarters * quarterMs);
  return quarters !== 0 && Math.abs(offsetMs) <= farthestMs + exactMs && rest <= exactMs;
}
