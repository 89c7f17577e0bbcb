const unitsMs: Readonly<Record<string, number>> = {
  us: 0.001,
  usec: 0.001,
  µs: 0.001,
  ms: 1,
  msec: 1,
  s: 1000,
  sec: 1000,
  second: 1000,
  seconds: 1000,
  m: 60_000,
  min: 60_000,
  minute: 60_000,
  minutes: 60_000,
  h: 3_600_000,
  hr: 3_600_000,
  hour: 3_600_000,
  hours: 3_600_000,
  d: 86_400_000,
  day: 86_400_000,
  days: 86_400_000,
  w: 604_800_000,
  week: 604_800_000,
  weeks: 604_800_000,
};

/** A time span in milliseconds (systemd.time(7)): "5min 20s", "90" (seconds), "infinity". Throws an Error for others. */
export function timeSpanMs(text: string): number {
  if (text.trim() === "infinity") {
    return Number.POSITIVE_INFINITY;
  }
  const part = /\s*(\d+(?:\.\d+)?)\s*([a-zµ]*)/uy;
  let totalMs = 0;
  let at = 0;
  do {
    part.lastIndex = at;
    const match = part.exec(text.trimEnd());
    const unit = match?.[2] || "s";
    const factor = Object.hasOwn(unitsMs, unit) ? unitsMs[unit] : undefined;
    if (match === null || factor === undefined) {
      throw new Error(`"${text}" is no time span like 90, 5min 20s or infinity`);
    }
    totalMs += Number(match[1]) * factor;
    at = part.lastIndex;
  } while (at < text.trimEnd().length);
  return totalMs;
}
