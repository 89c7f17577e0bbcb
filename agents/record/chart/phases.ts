import type { ServiceState } from "../../services/service-state.ts";
import type { StageRecord } from "../stages/stage-record.ts";

/** One bar of the picture of a boot; times in milliseconds since the kernel started. */
export interface Phase {
  /** "early" is what happens in the initial RAM disk before the first stage. */
  kind: "kernel" | "early" | "stage" | "service";
  name: string;
  result: "ok" | "failed" | "skipped";
  startMs: number;
  /** A service goes on; it ends where the picture does. */
  endMs: number;
  message: string;
}

/** The boot as phases with a start and an end, in milliseconds since the kernel's start. */
export interface BootChart {
  phases: readonly Phase[];
  /** When the host was told that the machine can be used; null when the boot didn't come so far. */
  readyMs: number | null;
  /** Where the picture ends. */
  endMs: number;
}

/** What a chart is drawn from. */
export interface BootFacts {
  records: readonly StageRecord[];
  services: readonly ServiceState[];
  /** When the kernel started /init; undefined when nobody has noted it. */
  initMs: number | undefined;
}

/** A service that is started so long after the boot doesn't belong to it. */
const afterwardsMs = 5_000;

/** The boot on one time line: the kernel, the initial RAM disk, the stages, the services, by their start. */
export function bootChart({ records, services, initMs }: BootFacts): BootChart {
  const stages = [...records].sort((one, other) => one.startedMs - other.startedMs);
  const lastMs = Math.max(0, ...stages.map(({ startedMs, durationMs }) => startedMs + durationMs));
  const ready = stages.find(({ stage, result }) => stage === "ready" && result === "ok");
  const readyMs = ready === undefined ? null : ready.startedMs + ready.durationMs;
  const firstMs = stages[0]?.startedMs ?? lastMs;
  const during = services.filter(({ startedMs }) => startedMs <= lastMs + afterwardsMs);
  const endMs = Math.max(lastMs, ...during.map(({ startedMs }) => startedMs));
  const phase = (
    kind: Phase["kind"],
    name: string,
    startMs: number,
    phaseEndMs: number,
    message: string,
  ): Phase => ({ kind, name, result: "ok", startMs, endMs: phaseEndMs, message });
  const before =
    initMs === undefined || initMs > firstMs
      ? [phase("kernel", "kernel, early", 0, firstMs, "until the first stage")]
      : [
          phase("kernel", "kernel", 0, initMs, "until /init starts"),
          phase("early", "early", initMs, firstMs, "/usr mounted, the agents' program started"),
        ];
  const started = during.map(({ name, startedMs, failures }) => {
    const message = failures === 0 ? "" : `started again ${failures} times`;
    const running = phase("service", name, startedMs, endMs, message);
    return failures === 0 ? running : { ...running, result: "failed" as const };
  });
  const bars = stages.map(({ stage, result, startedMs, durationMs, message }) => ({
    ...phase("stage", stage, startedMs, startedMs + durationMs, message),
    result,
  }));
  return {
    phases: [...before, ...bars, ...started.sort((one, other) => one.startMs - other.startMs)],
    readyMs,
    endMs,
  };
}
