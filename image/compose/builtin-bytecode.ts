/**
 * Modules of Bun's own whose bytecode agents load at every boot, or to ask the time. The compiler adds that of all that
 * could ever be loaded, dozens of streams, readline and the like, though their text is in the program too.
 */
const keptModules: ReadonlySet<string> = new Set([
  "bun:ffi",
  "internal:dgram",
  "internal:errors",
  "internal:fs/binding",
  "internal:shared",
  "internal:validators",
  "node:dgram",
  "node:events",
  "node:fs",
  "node:os",
  "node:path",
]);

/** The section with the text of those modules: a head, and for each module where its name stands. */
const builtins = { magic: "BUNBLTNS", version: 2, versionAt: 8, countAt: 16, placesAt: 20 };
const namesFromAt = 32;
const builtinBytes = 24;
/** What a program that was compiled ends with, behind where its parts are. */
const trailer = "\n---- Bun! ----\n";
const placesBytes = 32;
const moduleBytes = 52;
/** What every bytecode begins with. */
const bytecodeMark = Buffer.from([0x26, 0xed, 0xf0, 0xf1]);

/**
 * Takes the bytecode of Bun's own modules that hardly an agent loads out of a compiled program: zeros, which compress to
 * nothing and are no bytecode, so that such a module is compiled from its text when it is loaded. Returns how many bytes
 * became zeros, 0 when the program isn't laid out as it was known (Bun 1.4).
 */
export function blankBuiltinBytecode(program: Buffer): number {
  const names = builtinNames(program);
  const end = program.lastIndexOf(trailer, undefined, "latin1");
  if (names === undefined || end < placesBytes) {
    return 0;
  }
  const places = end - placesBytes;
  const partsBytes = Number(program.readBigUInt64LE(places));
  const [modulesAt, modulesBytes] = [8, 12].map((at) => program.readUInt32LE(places + at));
  const parts = places - partsBytes;
  if (parts < 0 || modulesAt === undefined || modulesBytes === undefined) {
    return 0;
  }
  // Behind the modules a number for each of them, then a list: module of Bun's, place, length.
  const list = parts + modulesAt + modulesBytes + 4 * Math.floor(modulesBytes / moduleBytes);
  const count = list + 4 <= places ? program.readUInt32LE(list) : 0;
  if (count > names.length || list + 4 + 12 * count > places) {
    return 0;
  }
  const found = Array.from({ length: count }, (_, index) => {
    const [id, at, sizeBytes] = [0, 4, 8].map((field) =>
      program.readUInt32LE(list + 4 + 12 * index + field),
    );
    return { name: names[id ?? -1], from: parts + (at ?? 0), sizeBytes: sizeBytes ?? 0 };
  });
  const isKnown = found.every(
    ({ name, from, sizeBytes }) =>
      name !== undefined &&
      from + sizeBytes <= places &&
      program.subarray(from, from + bytecodeMark.length).equals(bytecodeMark),
  );
  if (!isKnown) {
    return 0;
  }
  const unused = found.filter(({ name = "" }) => !keptModules.has(name));
  for (const { from, sizeBytes } of unused) {
    program.fill(0, from, from + sizeBytes);
  }
  return unused.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}

/** Names of Bun's own modules in the order of their numbers; undefined when the program doesn't have them as known. */
function builtinNames(program: Buffer): string[] | undefined {
  const head = program.indexOf(builtins.magic, 0, "latin1");
  if (head < 0 || program.readUInt32LE(head + builtins.versionAt) !== builtins.version) {
    return undefined;
  }
  const count = program.readUInt32LE(head + builtins.countAt);
  const places = head + program.readUInt32LE(head + builtins.placesAt);
  const text = head + program.readUInt32LE(head + namesFromAt);
  return Array.from({ length: count }, (_, index) => {
    const from = text + program.readUInt32LE(places + builtinBytes * index);
    const sizeBytes = program.readUInt32LE(places + builtinBytes * index + 4);
    return program.toString("latin1", from, from + sizeBytes);
  });
}
