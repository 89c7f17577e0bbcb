import type { ListedService } from "./run/service-list.ts";

/** All services, a line each. */
export function servicesTable(services: readonly ListedService[]): string {
  const rows = [
    ["NAME", "STATE", "FOR", "BOOT", "FILE"],
    ...services.map(({ name, state, seconds, startsAtBoot, source, detail }) => [
      name,
      state,
      duration(seconds),
      startsAtBoot ? "yes" : "no",
      detail === "" ? source : `${source}: ${detail}`,
    ]),
  ];
  const widths = rows[0]?.map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? "").length)),
  );
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths?.[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** One service, a fact a line. */
export function serviceText(service: ListedService): string {
  const { name, description, state, detail, seconds, source, restarts } = service;
  const facts: [string, string][] = [
    ["service", description === "" ? name : `${name} – ${description}`],
    ["file", source],
    ["state", `${state} for ${duration(seconds)}${detail === "" ? "" : `: ${detail}`}`],
    ["at boot", service.startsAtBoot ? "started" : "not started"],
    ...(service.containerId === null
      ? []
      : [["container", service.containerId.slice(0, 12)] as [string, string]]),
    ...(service.mainPid === null ? [] : [["process", String(service.mainPid)] as [string, string]]),
    ["restarts", String(restarts)],
    ["log", service.log],
    ...service.notHonoured.map((line): [string, string] => ["left out", line]),
  ];
  return facts.map(([fact, value]) => `${fact.padEnd(10)} ${value}`).join("\n");
}

function duration(seconds: number): string {
  if (seconds < 60) {
    return `${seconds} s`;
  }
  if (seconds < 3600) {
    return `${Math.floor(seconds / 60)} min`;
  }
  return seconds < 86_400 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86_400)} d`;
}
