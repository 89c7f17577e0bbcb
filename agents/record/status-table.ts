import { manyFailures } from "../services/back-off.ts";
import type { StageRecord } from "./stages/stage-record.ts";
import type { Status } from "./status.ts";

const columns = ["stage", "result", "started", "took", "message"];

/** What `boot2podman status` prints. */
export function statusText(status: Status): string {
  const disk = status.dataDisk;
  const lines = [
    `boot2podman ${status.version} on ${status.hypervisor}`,
    `root       ${status.root === "embed" ? "embed: the kernel's own" : "noembed: a tmpfs"}`,
    `usr        ${usrText(status)}`,
    `data disk  ${disk === null ? "none: nothing outlasts this boot" : diskText(disk)}`,
  ];
  lines.push(...settingsLines(status.settings));
  lines.push(...servicesLines(status.services));
  lines.push(...healthLines(status.health));
  if (status.isFallback) {
    lines.push("booted by plain sh, without the agents: see dmesg");
  }
  return [...lines, "", ...stageTable(status.stages), ...status.warnings].join("\n");
}

function usrText({ usrDisk, dataDisk }: Status): string {
  if (usrDisk === null) {
    return "in RAM";
  }
  const isMoved = `/dev/${usrDisk}` === dataDisk?.partition;
  return isMoved ? `a file on the data disk ${usrDisk}` : `on the read-only disk ${usrDisk}`;
}

/** "settings   host=web (command line)", one a line; none when all is as it is by default. */
function settingsLines(settings: Status["settings"]): string[] {
  return settings.map(({ name, value, source }, index) => {
    const title = index === 0 ? "settings" : "";
    const said = value === "on" ? name : `${name}=${value}`;
    return `${title.padEnd(11)}${said} (${source})`;
  });
}

/** The services that run, and a line for each that doesn't, or that was started again and again. */
function servicesLines(services: Status["services"]): string[] {
  const running = services.filter((service) => service.isRunning).map(({ name }) => name);
  const troubled = services.filter(
    ({ isRunning, failures }) => failures >= (isRunning ? manyFailures : 1),
  );
  return [
    ...(running.length === 0 ? [] : [`services   ${running.join(", ")}`]),
    ...troubled.map(({ name, isRunning, failures }) => {
      const now = isRunning ? "runs for now" : "isn't running";
      return `           ${name} ${now}; it ended ${timesInARow(failures)} soon after its start`;
    }),
  ];
}

/** "health     web: healthy", one container a line, the user's with his name. */
function healthLines(containers: Status["health"]): string[] {
  return containers.map(({ owner, name, health, failingStreak, trouble }, index) => {
    const title = index === 0 ? "health" : "";
    const whose = owner === "root" ? name : `${name} of ${owner}`;
    const streak = failingStreak === 0 ? "" : `, failed ${timesInARow(failingStreak)}`;
    const why = trouble === undefined ? "" : `; not checked: ${trouble}`;
    return `${title.padEnd(11)}${whose}: ${health}${streak}${why}`;
  });
}

function timesInARow(count: number): string {
  return count === 1 ? "once" : `${count} times in a row`;
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
