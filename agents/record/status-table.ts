import type { StageRecord } from "./stage-record.ts";
import type { Status } from "./status.ts";

const columns = ["stage", "result", "started", "took", "message"];

/** What `boot2podman status` prints. */
export function statusText(status: Status): string {
  const disk = status.dataDisk;
  const lines = [
    `boot2podman ${status.version} on ${status.hypervisor}`,
    `root       ${status.root === "embed" ? "embed: the kernel's own" : "noembed: a tmpfs"}`,
    `data disk  ${disk === null ? "none: nothing outlasts this boot" : diskText(disk)}`,
  ];
  if (status.isFallback) lines.push("booted by plain sh, without the agents: see dmesg");
  return [...lines, "", ...stageTable(status.stages), ...status.complaints].join("\n");
}

/** The stages with aligned columns; times in milliseconds, the start since the kernel's. */
export function stageTable(stages: readonly StageRecord[]): string[] {
  const rows = stages.map((stage) => [
    stage.stage,
    stage.result,
    `${Math.round(stage.startedMs)} ms`,
    `${Math.round(stage.durationMs)} ms`,
    stage.message,
  ]);
  const table = [columns, ...rows];
  const widths = columns.map((_, column) =>
    Math.max(...table.map((row) => (row[column] ?? "").length)),
  );
  return table.map((row) =>
    row
      .map((cell, column) => pad(cell, column, widths))
      .join("  ")
      .trimEnd(),
  );
}

/** Times are aligned to the right, text to the left. */
function pad(cell: string, column: number, widths: readonly number[]): string {
  const width = widths[column] ?? 0;
  return column === 2 || column === 3 ? cell.padStart(width) : cell.padEnd(width);
}

function diskText({ partition, filesystem, mount }: NonNullable<Status["dataDisk"]>): string {
  return `${partition} (${filesystem}) at ${mount}`;
}
