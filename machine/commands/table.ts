/** Columns are at least this wide, and stand this far apart: as existing clients print them. */
const columnMin = 5;
const gap = 3;

/** Lays rows out in columns. The last column isn't filled up, and no line ends in a space. */
export function formatTable(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? columnMin, cell.length + gap);
    });
  }
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("")
      .trimEnd(),
  );
}
