import { oneLine } from "../../command/one-line.ts";
import { foldersOf } from "../../extensions/inspect.ts";
import { readLoaded } from "../../extensions/loaded.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { allValues, longestUnitBytes, parseUnit } from "../unit/parse-unit.ts";
import { splitWords } from "../unit/split-words.ts";

/** Where systemd looks for an image's units (systemd.unit(5)), below its root. */
const unitFolder = "usr/lib/systemd/system";
const serviceName = /^[A-Za-z0-9:_.\\-]{1,120}(@[A-Za-z0-9:_.\\-]{0,120})?\.service$/;
/** What wants a service that starts with the machine. */
const bootTargets = ["multi-user.target", "default.target", "graphical.target"];
/** How an extension says so without `systemctl enable`, in a drop-in of such a target. */
const pullingKeys = ["Wants", "Requires", "Upholds"];

/** A service of systemd's that a loaded extension brings. */
export interface ExtensionUnit {
  /** "web.service" */
  name: string;
  /** With its drop-ins behind it. */
  text: string;
  /** Where the extension is mounted: another one when it was replaced. */
  root: string;
  /** Whether the extension wants it to run. */
  isWanted: boolean;
}

/** Whether anything in /usr brings services of systemd's. Throws where what is loaded can't be listed. */
export function hasExtensionUnits(kernel: Kernel): boolean {
  return readLoaded(kernel).some(({ root }) =>
    foldersOf(kernel, root, unitFolder).some((name) => serviceName.test(name)),
  );
}

/**
 * The services of systemd's in the extensions that are loaded; of two with the same name the later extension's, which
 * lies over the other. `problems` has a line for each that can't be read.
 */
export function readExtensionUnits(kernel: Kernel): { units: ExtensionUnit[]; problems: string[] } {
  const units = new Map<string, ExtensionUnit>();
  const problems: string[] = [];
  for (const { root, name: extension } of readLoaded(kernel)) {
    const read = <T>(what: string, reading: () => T, instead: T): T => {
      try {
        return reading();
      } catch (error) {
        problems.push(`${what} of the extension ${extension}: ${oneLine(error)}`);
        return instead;
      }
    };
    const names = read("the units", () => foldersOf(kernel, root, unitFolder), []);
    const wanted = read("the targets", () => wantedOf(kernel, root), new Set<string>());
    const instances = [...wanted].filter((one) => names.includes(templateOf(one) ?? ""));
    for (const name of [...names, ...instances].filter((one) => serviceName.test(one))) {
      const text = read(name, () => textOf(kernel, root, templateOf(name) ?? name), undefined);
      if (text !== undefined) {
        units.set(name, { name, text, root, isWanted: wanted.has(name) });
      }
    }
  }
  return { units: [...units.values()], problems };
}

/** "queue@.service" of "queue@7.service"; undefined for what is no instance. */
function templateOf(name: string): string | undefined {
  const [, stem] = /^(.+@)[^@]+\.service$/.exec(name) ?? [];
  return stem === undefined ? undefined : `${stem}.service`;
}

function textOf(kernel: Kernel, root: string, name: string): string {
  return [readUnitFile(kernel, root, name), ...dropInsOf(kernel, root, name)]
    .map((text) => `${text}\n`)
    .join("");
}

/** Texts of what is laid over a unit, in their order; systemd takes files of that name alone. */
function dropInsOf(kernel: Kernel, root: string, name: string): string[] {
  return foldersOf(kernel, root, `${unitFolder}/${name}.d`)
    .filter((one) => one.endsWith(".conf"))
    .map((one) => readUnitFile(kernel, root, `${name}.d/${one}`));
}

function readUnitFile(kernel: Kernel, root: string, name: string): string {
  // One more, so that the parser sees that it is too long.
  const bytes = kernel.readNoFollow(`${root}/${unitFolder}/${name}`, longestUnitBytes + 1);
  return new TextDecoder().decode(bytes ?? new Uint8Array());
}

/** Services that a target of the boot pulls in: by a link in its folder, or by a drop-in. */
function wantedOf(kernel: Kernel, root: string): Set<string> {
  const wanted = new Set<string>();
  for (const target of bootTargets) {
    for (const folder of [`${target}.wants`, `${target}.requires`]) {
      for (const name of foldersOf(kernel, root, `${unitFolder}/${folder}`)) {
        wanted.add(name);
      }
    }
    for (const unit of dropInsOf(kernel, root, target).map(parseUnit)) {
      for (const key of pullingKeys) {
        for (const word of allValues(unit, "Unit", key).flatMap((value) => splitWords(value))) {
          wanted.add(word ?? "");
        }
      }
    }
  }
  return wanted;
}
