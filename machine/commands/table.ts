/** Columns are at least this wide, and stand this far apart: as existing clients print them. */
const COLUMN_MIN = 5;
const GAP = 3;

/** Lays rows out in columns. The last column isn't filled up, and no line ends in a space. */
export function formatTable(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? COLUMN_MIN, cell.length + GAP);
    });
  }
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("")
      .trimEnd(),
  );
}
