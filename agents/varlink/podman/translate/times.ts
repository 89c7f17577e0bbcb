/** RFC 3339 of what a runtime of Go's writes for "never". */
export const never = "0001-01-01T00:00:00Z";

/** Unix seconds as RFC 3339; "never" for none. */
export function timeText(seconds: number): string {
  if (!(seconds > 0) || seconds > 8.64e12) {
    return never;
  }
  return new Date(seconds * 1000).toISOString();
}

/** How long it lasted, as Podman's tables say it. */
export function durationText(seconds: number): string {
  const steps: readonly (readonly [below: number, text: (count: number) => string])[] = [
    [1, () => "Less than a second"],
    [2, () => "1 second"],
    [60, (count) => `${Math.floor(count)} seconds`],
    [120, () => "About a minute"],
    [3600, (count) => `${Math.floor(count / 60)} minutes`],
    [7200, () => "About an hour"],
    [48 * 3600, (count) => `${Math.floor(count / 3600)} hours`],
    [14 * 86_400, (count) => `${Math.floor(count / 86_400)} days`],
    [60 * 86_400, (count) => `${Math.floor(count / 604_800)} weeks`],
    [730 * 86_400, (count) => `${Math.floor(count / (30 * 86_400))} months`],
  ];
  const found = steps.find(([below]) => seconds < below);
  return found?.[1](seconds) ?? `${Math.floor(seconds / (365 * 86_400))} years`;
}

/** How long ago a time (RFC 3339) was: "2 hours ago"; "" for none. */
export function agoText(time: string, nowMs: number): string {
  const then = Date.parse(time);
  if (Number.isNaN(then) || then <= 0) {
    return "";
  }
  return `${durationText(Math.max(0, (nowMs - then) / 1000))} ago`;
}
