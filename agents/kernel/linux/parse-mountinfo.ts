import type { MountEntry } from "../mounts.ts";

/**
 * Reads /proc/self/mountinfo (kernel: Documentation/filesystems/proc.rst, 3.5). Lines that don't have its
 * form are left out.
 */
export function parseMountinfo(text: string): MountEntry[] {
  return text.split("\n").flatMap((line) => parseLine(line) ?? []);
}

function parseLine(line: string): MountEntry | undefined {
  const fields = line.split(" ");
  const separator = fields.indexOf("-", 6);
  if (separator === -1 || fields.length < separator + 4) {
    return undefined;
  }
  const field = (index: number) => unescapeOctal(fields[index] ?? "");
  return {
    id: Number(fields[0]),
    parentId: Number(fields[1]),
    device: field(2),
    root: field(3),
    target: field(4),
    options: field(5).split(","),
    propagation: fields.slice(6, separator),
    type: field(separator + 1),
    source: field(separator + 2),
    superOptions: field(separator + 3).split(","),
  };
}

/** Space, tab, newline and backslash are written as octal: \040. */
function unescapeOctal(field: string): string {
  return field.replace(/\\([0-7]{3})/g, (_, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  );
}
