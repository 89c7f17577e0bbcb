/** What the generator printed: units by their names, and what it says of files that it couldn't read. */
export interface Generated {
  units: ReadonlyMap<string, string>;
  warnings: readonly string[];
}

const mostUnits = 512;
const unitHeader = /^---([A-Za-z0-9:_.\\@-]{1,250}\.service)---$/;

/** Reads what `quadlet -dryrun` prints. Throws an Error for more units than anybody has. */
export function parseGenerated(stdout: string, stderr: string): Generated {
  const units = new Map<string, string>();
  let name: string | undefined;
  let lines: string[] = [];
  const end = () => {
    if (name !== undefined) {
      units.set(name, `${lines.join("\n")}\n`);
    }
    lines = [];
  };
  for (const line of stdout.split("\n")) {
    const header = unitHeader.exec(line);
    if (header === null) {
      lines.push(line);
      continue;
    }
    end();
    name = header[1] ?? "";
    if (units.size >= mostUnits) {
      throw new Error(`the Quadlet files make more than ${mostUnits} units`);
    }
  }
  end();
  const warnings = stderr
    .split("\n")
    .map((line) => line.replace(/^quadlet-generator\[\d+\]: /, "").trim())
    .filter((line) => line !== "" && !line.startsWith("Loading source unit file "))
    .map((line) => line.replaceAll(/[^\x20-\x7e]/g, "?").slice(0, 500));
  return { units, warnings: [...new Set(warnings)] };
}
