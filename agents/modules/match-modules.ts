/**
 * Names of the modules that serve these devices, in the order of `modulesAlias`, each once.
 *
 * @param modaliases what the kernel says of devices: "virtio:d00000001v00001AF4", "pci:v00008086d…"
 * @param modulesAlias content of modules.alias (depmod(8)): "alias PATTERN MODULE" a line; patterns are globs
 */
export function matchModules(modaliases: readonly string[], modulesAlias: string): string[] {
  const byBus = groupByBus(modaliases);
  // A pattern can only fit when its part before the first wildcard starts a modalias. Looking that up beats
  // trying thousands of patterns on every device.
  const starts = startsOf(modaliases);
  const modules = new Set<string>();
  let from = 0;
  while (from < modulesAlias.length) {
    const end = endOfLine(modulesAlias, from);
    const line = modulesAlias.slice(from, end);
    from = end + 1;
    if (!line.startsWith(keyword)) {
      continue;
    }
    const space = line.lastIndexOf(" ");
    const pattern = line.slice(keyword.length, space);
    if (!starts.has(pattern.slice(0, Math.min(firstWildcard(pattern), longestStart)))) {
      continue;
    }
    const candidates = byBus.get(busOf(pattern)) ?? modaliases;
    const glob = globToRegExp(pattern);
    if (candidates.some((modalias) => glob.test(modalias))) {
      modules.add(line.slice(space + 1));
    }
  }
  return [...modules];
}

/** A regular expression for a whole text that fits the glob, with *, ? and [sets] (fnmatch(3)). */
export function globToRegExp(glob: string): RegExp {
  const source = glob.replaceAll(/\[[^\]]*\]|[.+^${}()|\\/]|\*|\?/g, (part) => {
    if (part === "*") {
      return ".*";
    }
    if (part === "?") {
      return ".";
    }
    if (part.startsWith("[")) {
      return part.replace("[!", "[^");
    }
    return `\\${part}`;
  });
  return new RegExp(`^${source}$`);
}

const keyword = "alias ";
/** Long enough to tell devices apart, short enough that those with hundreds of characters cost nothing. */
const longestStart = 32;

function groupByBus(modaliases: readonly string[]): Map<string, string[]> {
  const byBus = new Map<string, string[]>();
  for (const modalias of modaliases) {
    const bus = busOf(modalias);
    const group = byBus.get(bus);
    if (group === undefined) {
      byBus.set(bus, [modalias]);
    } else {
      group.push(modalias);
    }
  }
  return byBus;
}

function startsOf(modaliases: readonly string[]): Set<string> {
  const starts = new Set<string>();
  for (const modalias of modaliases) {
    const end = Math.min(modalias.length, longestStart);
    for (let length = 0; length <= end; length += 1) {
      starts.add(modalias.slice(0, length));
    }
  }
  return starts;
}

/** "pci" of "pci:v0000…"; "" for a pattern without a bus. */
function busOf(modalias: string): string {
  return modalias.slice(0, Math.max(0, modalias.indexOf(":")));
}

function endOfLine(text: string, from: number): number {
  const end = text.indexOf("\n", from);
  return end === -1 ? text.length : end;
}

function firstWildcard(pattern: string): number {
  let first = pattern.length;
  for (const wildcard of ["*", "?", "["]) {
    const index = pattern.indexOf(wildcard);
    if (index !== -1 && index < first) {
      first = index;
    }
  }
  return first;
}
