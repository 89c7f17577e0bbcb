import type { ServiceDefinition } from "../definition/service-definition.ts";

/** How a service's main process, or its start, ended. */
export type ServiceEnd =
  /** 128 + signal for one that a signal ended; undefined where nobody could tell. */
  | { kind: "exited"; status: number | undefined }
  | { kind: "timeout" }
  /** It never was what it should be: no readiness, no process. */
  | { kind: "protocol"; why: string }
  | { kind: "dependency"; why: string };

/** Signals by which a service may be asked to go; their end is a clean one (systemd.service(5), SuccessExitStatus=). */
const cleanSignals = [1, 2, 13, 15].map((signal) => 128 + signal);

type Rules = Pick<
  ServiceDefinition,
  "restart" | "successStatuses" | "restartPreventStatuses" | "restartForceStatuses" | "type"
>;

/** Whether it ended as it should. What nobody could see is no success. */
export function isCleanEnd(end: ServiceEnd, rules: Pick<Rules, "successStatuses">): boolean {
  if (end.kind !== "exited" || end.status === undefined) {
    return false;
  }
  return (
    end.status === 0 || cleanSignals.includes(end.status) || rules.successStatuses.has(end.status)
  );
}

/** Whether the service is started again, by the table of systemd.service(5), Restart=. */
export function isRestarted(end: ServiceEnd, rules: Rules): boolean {
  if (end.kind === "dependency") {
    return false;
  }
  const status = end.kind === "exited" ? end.status : undefined;
  if (status !== undefined && rules.restartPreventStatuses.has(status)) {
    return false;
  }
  if (status !== undefined && rules.restartForceStatuses.has(status)) {
    return true;
  }
  const isClean = isCleanEnd(end, rules);
  const isSignal = status !== undefined && status > 128 && !isClean;
  switch (rules.restart) {
    case "always":
      return !(rules.type === "oneshot" && isClean);
    case "on-success":
      return isClean && rules.type !== "oneshot";
    case "on-failure":
      return !isClean;
    case "on-abnormal":
      return end.kind === "timeout" || isSignal;
    case "on-abort":
      return isSignal;
    case "on-watchdog":
    case "no":
      return false;
  }
}

/** Whether one more start is within the limit; `startsMs` are the times of the ones before, on the same clock. */
export function isWithinLimit(
  startsMs: readonly number[],
  nowMs: number,
  { intervalMs, burst }: ServiceDefinition["startLimit"],
): boolean {
  if (intervalMs === 0 || burst === 0) {
    return true;
  }
  return startsMs.filter((ms) => nowMs - ms < intervalMs).length < burst;
}

/** "exited with 1", in words for people. */
export function endText(end: ServiceEnd): string {
  switch (end.kind) {
    case "exited":
      return end.status === undefined
        ? "ended, with a status that nobody saw"
        : `ended with status ${end.status}`;
    case "timeout":
      return "not started in time";
    case "protocol":
    case "dependency":
      return end.why;
  }
}
