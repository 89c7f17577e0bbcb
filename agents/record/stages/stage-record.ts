/** What a stage of the boot leaves in /run/boot2podman/<stage>.json. */
export interface StageRecord {
  stage: string;
  result: StageResult;
  /** Milliseconds since the kernel started. */
  startedMs: number;
  durationMs: number;
  observed: unknown;
  plan: unknown;
  done: readonly string[];
  message: string;
}

/** How a stage ended: "skipped" had nothing to do, which is no failure. */
export type StageResult = "ok" | "failed" | "skipped";

/** Folder of the records; it is in RAM, so that it tells of this boot only. */
export const recordFolder = "/run/boot2podman";
