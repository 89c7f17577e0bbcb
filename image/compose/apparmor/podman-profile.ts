import { BuildError } from "../../report/build-error.ts";

/** Podman's AppArmor profile for containers of root, as the text that apparmor_parser compiles. */
export interface PodmanProfile {
  /** What Podman looks for among the loaded profiles: containers-default- and a version. */
  name: string;
  /** The profile's text, under whatever name; Podman's own or one that it had in an earlier version. */
  textFor(name: string): string;
}

/** Where the template in Podman's program begins and ends; it is one constant. */
const first = Buffer.from("\n{{range $value := .Imports}}");
const last = Buffer.from("\n}\n");

/**
 * The profile that Podman would hand to apparmor_parser on a system without AppArmor's abstractions, and the name
 * that it would give it: both are constants of its program (containers/common, pkg/apparmor).
 * @throws BuildError when the program has none, more than one, or one with parts that aren't known here.
 */
export function readPodmanProfile(program: Buffer): PodmanProfile {
  const names = new Set(
    [...program.toString("latin1").matchAll(/containers-default-\d+\.\d+\.\d+/g)].map(
      ([name]) => name,
    ),
  );
  const [name] = names;
  const start = program.indexOf(first);
  const end = program.indexOf(last, start);
  if (name === undefined || names.size > 1 || start < 0 || end < 0) {
    throw new BuildError(
      "cannot find the AppArmor profile for containers in Podman's program: its packaging has changed, see image/compose/apparmor",
    );
  }
  const template = program.toString("utf8", start, end + last.length);
  return { name, textFor: (wanted) => fill(template, wanted) };
}

/** Fills Go's template: nothing is imported, and the parser is a new one. */
function fill(template: string, name: string): string {
  const text = template
    .replace(
      /\{\{range \$value := \.Imports\}\}[^}]*\{\{\$value\}\}\s*\{\{end\}\}/,
      "@{PROC}=/proc/",
    )
    .replace(/\{\{range \$value := \.InnerImports\}\}[^}]*\{\{\$value\}\}\s*\{\{end\}\}/, "")
    .replaceAll(/\{\{if ge \.Version \d+\}\}([\s\S]*?)\{\{end\}\}/g, "$1")
    .replaceAll("{{.Name}}", name);
  const [unknown] = /\{\{.*?\}\}/.exec(text) ?? [];
  if (unknown !== undefined) {
    throw new BuildError(
      `cannot fill the template of Podman's AppArmor profile: "${unknown}" is not known in image/compose/apparmor`,
    );
  }
  return text;
}
