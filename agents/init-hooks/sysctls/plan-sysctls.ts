import type { SystemPath } from "../../kernel/system-path.ts";

/** One line of a file of sysctl.d(5). */
export interface Sysctl {
  key: string;
  /** File below /proc/sys. */
  path: SystemPath;
  value: string;
  /** A leading "-" in the file: not to have it is no matter (sysctl.d(5)). */
  isOptional: boolean;
}

/**
 * Settings of sysctl.d files in the order of their names; a later value of the same key wins. Lines that
 * aren't settings come back as warnings.
 */
export function planSysctls(files: readonly { path: SystemPath; text: string }[]): {
  sysctls: Sysctl[];
  warnings: string[];
} {
  const byKey = new Map<string, Sysctl>();
  const warnings: string[] = [];
  for (const { path, text } of files) {
    for (const [index, raw] of text.split("\n").entries()) {
      const line = raw.trim();
      if (line === "" || line.startsWith("#") || line.startsWith(";")) {
        continue;
      }
      const match = /^(-?)\s*([A-Za-z0-9_./-]+)\s*=\s*(.*)$/.exec(line);
      const key = match?.[2] ?? "";
      if (match === null || key.includes("..")) {
        warnings.push(`${path}:${index + 1}: "${line}" is not a setting of the form key = value`);
        continue;
      }
      const isOptional = match[1] === "-";
      byKey.set(key, { key, path: pathOf(key), value: match[3] ?? "", isOptional });
    }
  }
  return { sysctls: [...byKey.values()], warnings };
}

/**
 * The separator is whichever of "." and "/" comes first; the other stands for itself, exchanged: an
 * interface's name may have a dot (sysctl.d(5)).
 */
function pathOf(key: string): SystemPath {
  const first = /[./]/.exec(key)?.[0];
  if (first === "/") {
    return `/proc/sys/${key}`;
  }
  const exchanged = [...key].map((char) => (char === "." ? "/" : char === "/" ? "." : char));
  return `/proc/sys/${exchanged.join("")}`;
}
