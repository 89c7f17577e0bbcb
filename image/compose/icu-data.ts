/** Languages whose data stays: the root of all, and English, which Bun falls back to. */
const keptLocales = new Set(["root", "en", "en_US", "en_US_POSIX"]);

/** Bytes of the table entry of one item: where its name is, and where its data (ICU, udatamem). */
const itemBytes = 8;

interface IcuPackage {
  /** Offset of the table of contents, which all offsets in it count from. */
  base: number;
  items: { name: string; nameOffset: number; dataOffset: number }[];
}

/**
 * Takes the data of all languages but English out of a program that has ICU's data package in it, as
 * a build of ICU with a data filter would: the table of contents keeps only what stays (so a lookup
 * finds the rest missing and falls back), and the bytes become zeros, which compress to nothing.
 * Bun carries 12 MB of it, which hardly compress. Returns how many bytes became zeros, 0 when the
 * program has no such package.
 */
export function blankIcuLocales(program: Buffer): number {
  const found = findIcuPackage(program);
  if (!found) {
    return 0;
  }
  const { base, items } = found;
  const kept = items.filter(({ name }) => isKept(name));
  let blankedBytes = 0;
  for (const [index, item] of items.entries()) {
    const next = items[index + 1];
    // The last item's end is written nowhere: it stays.
    if (!next || kept.includes(item)) {
      continue;
    }
    program.fill(0, base + item.dataOffset, base + next.dataOffset);
    blankedBytes += next.dataOffset - item.dataOffset;
  }
  program.fill(0, base + 4, base + 4 + items.length * itemBytes);
  program.writeUInt32LE(kept.length, base);
  for (const [index, item] of kept.entries()) {
    const at = base + 4 + index * itemBytes;
    program.writeUInt32LE(item.nameOffset, at);
    program.writeUInt32LE(item.dataOffset, at + 4);
  }
  return blankedBytes;
}

/** Whether an item like "icudt78l/curr/de.res" stays: everything does that no one language owns. */
export function isKept(name: string): boolean {
  const file = name.slice(name.lastIndexOf("/") + 1);
  // Dictionaries of languages written without spaces.
  if (name.includes("/brkitr/") && !/^(root|res_index|[a-z_]+\.brk)/.test(file)) {
    return false;
  }
  const [, locale] = /^([a-z]{2,3}(?:_[A-Za-z0-9_]+)?)\.res$/.exec(file) ?? [];
  return locale === undefined || locale === "res_index" || keptLocales.has(locale);
}

/** Finds ICU's data package by its header: magic 0xda27 and data format "CmnD". */
function findIcuPackage(program: Buffer): IcuPackage | undefined {
  for (let at = program.indexOf("CmnD"); at >= 0; at = program.indexOf("CmnD", at + 1)) {
    const header = at - 12;
    if (header < 0 || program.readUInt16BE(header + 2) !== 0xda27) {
      continue;
    }
    const base = header + program.readUInt16LE(header);
    const count = program.readUInt32LE(base);
    if (count === 0 || count > 100_000) {
      continue;
    }
    const items = Array.from({ length: count }, (_, index) => {
      const entry = base + 4 + index * itemBytes;
      const nameOffset = program.readUInt32LE(entry);
      const end = program.indexOf(0, base + nameOffset);
      const name = program.toString("latin1", base + nameOffset, end);
      return { name, nameOffset, dataOffset: program.readUInt32LE(entry + 4) };
    });
    if (items.every(({ name }) => name.startsWith("icudt"))) {
      return { base, items };
    }
  }
  return undefined;
}
