/** No unit is longer; the generator writes some hundred bytes. */
export const longestUnitBytes = 256 * 1024;
const mostAssignments = 4096;

/** Sections of a unit file, each with its assignments in their order. */
export type Unit = ReadonlyMap<string, readonly Assignment[]>;

/** "Key=value"; an empty value takes back what was assigned before it. */
export interface Assignment {
  key: string;
  value: string;
}

/**
 * Reads a unit file (systemd.syntax(7)). Lines that end with a backslash go on in the next one, comments between them
 * are left out. Throws an Error in one line for what systemd would leave out with a warning: nothing is guessed here.
 */
export function parseUnit(text: string): Unit {
  if (text.length > longestUnitBytes) {
    throw new Error(`the unit is longer than ${longestUnitBytes} bytes`);
  }
  const sections = new Map<string, Assignment[]>();
  let section: Assignment[] | undefined;
  let count = 0;
  for (const { line, number } of logicalLines(text)) {
    const header = /^\[([^\p{Cc}[\]]+)\]$/u.exec(line);
    if (header !== null) {
      const name = header[1] ?? "";
      section = sections.get(name) ?? [];
      sections.set(name, section);
      continue;
    }
    const assignment = /^([A-Za-z0-9-]+)\s*=\s*(.*)$/s.exec(line);
    if (assignment === null) {
      throw new Error(`line ${number} is neither [Section] nor Key=value`);
    }
    if (section === undefined) {
      throw new Error(`line ${number} is in no section`);
    }
    count += 1;
    if (count > mostAssignments) {
      throw new Error(`the unit has more than ${mostAssignments} assignments`);
    }
    section.push({ key: assignment[1] ?? "", value: (assignment[2] ?? "").trimEnd() });
  }
  return sections;
}

/** Lines with what continues them, without comments and empty lines. */
function logicalLines(text: string): { line: string; number: number }[] {
  const found: { line: string; number: number }[] = [];
  let open: { line: string; number: number } | undefined;
  for (const [index, raw] of text.split("\n").entries()) {
    const trimmed = raw.trim();
    if (
      trimmed.startsWith("#") ||
      trimmed.startsWith(";") ||
      (open === undefined && trimmed === "")
    ) {
      continue;
    }
    if (/\p{Cc}/u.test(trimmed.replaceAll("\t", " "))) {
      throw new Error(`line ${index + 1} holds a control character`);
    }
    const goesOn = trimmed.endsWith("\\");
    const part = goesOn ? trimmed.slice(0, -1) : trimmed;
    // The backslash and the line end stand for one space.
    open =
      open === undefined
        ? { line: part, number: index + 1 }
        : { ...open, line: `${open.line} ${part}` };
    if (!goesOn) {
      found.push({ ...open, line: open.line.trim() });
      open = undefined;
    }
  }
  if (open !== undefined) {
    throw new Error(`line ${open.number} ends with a backslash, and nothing follows`);
  }
  return found;
}

/** The last value of a key; undefined when there is none, or it was taken back. */
export function lastValue(unit: Unit, section: string, key: string): string | undefined {
  const value = unit.get(section)?.findLast((one) => one.key === key)?.value;
  return value === "" ? undefined : value;
}

/** All values of a key that adds up, from the last empty one on. */
export function allValues(unit: Unit, section: string, key: string): string[] {
  const values = (unit.get(section) ?? [])
    .filter((one) => one.key === key)
    .map(({ value }) => value);
  return values.slice(values.lastIndexOf("") + 1);
}
