import type { BootChart } from "./phases.ts";

/** The same as the picture, one phase a line with aligned columns. */
export function chartTable({ phases }: BootChart): string {
  const rows = phases.map(({ kind, name, result, startMs, endMs }) => [
    kind,
    name,
    kind === "service" ? "" : result,
    String(Math.round(startMs)),
    kind === "service" ? "" : String(Math.round(endMs)),
    kind === "service" ? "" : String(Math.round(endMs - startMs)),
  ]);
  const table = [["kind", "name", "result", "start ms", "end ms", "took ms"], ...rows];
  const widths = [0, 1, 2, 3, 4, 5].map((column) =>
    Math.max(...table.map((cells) => (cells[column] ?? "").length)),
  );
  return table
    .map((cells) =>
      cells
        .map((cell, column) => {
          const wide = widths[column] ?? 0;
          return column < 3 ? cell.padEnd(wide) : cell.padStart(wide);
        })
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
