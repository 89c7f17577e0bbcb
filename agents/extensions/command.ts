import { type Terminal, UsageError } from "../command/command.ts";
import { oneLine } from "../command/one-line.ts";
import { parseWords } from "../command/parse-words.ts";
import { hasCode } from "../kernel/kernel-error.ts";
import { bringOne } from "./bring-named.ts";
import { changeOnboot, listKept, removeKept, textOf, tidy } from "./library.ts";
import { infoOf, infoText, listRows, tableOf } from "./listing.ts";
import { type Change, change } from "./load.ts";
import { loadNamed } from "./load-named.ts";
import { readLoaded } from "./loaded.ts";
import { type Bringer, bring, findInMirror, mirrorPlace, readMirror } from "./mirror.ts";
import { compareVersions, namesOf } from "./names.ts";
import { optionalFolder, runFolder } from "./places.ts";
import { runTceLoad } from "./run-tce-load.ts";

/** What `boot2podman extension --help` prints. */
export const extensionHelp = `boot2podman extension: programs, libraries and kernel modules beside the image's, in /usr.

  boot2podman extension ls               those that are here
  boot2podman extension add NAME…        from the mirror, a FILE or a URL: kept on the data disk, loaded now and at boot
  boot2podman extension rm NAME…         taken out of /usr and off the disk
  boot2podman extension load NAME…       until the next boot; unload takes them out of /usr
  boot2podman extension enable NAME…     loaded at boot; disable: not any more
  boot2podman extension update [NAME…]   newer ones from the mirror; loaded ones are replaced
  boot2podman extension info NAME        what it is, and whether it is as it was brought
  --json                                 the same as JSON
  --any-system                           add: also one that names another system than this (Flatcar's)

The mirror, a URL or a folder, stands in /var/lib/boot2podman/tce/tcemirror or /opt/tcemirror.
tce-load -wi NAME does as on Tiny Core Linux. What changes something is root's: use sudo.
Exit status 0: done; 1: something failed, one line each.`;

/** Runs one command at a time. */
export async function runExtension(
  words: readonly string[],
  bringer: Bringer,
  terminal: Terminal,
): Promise<number> {
  const [first, ...rest] = words;
  if (first === "tce-load") {
    return await locked(bringer, () => runTceLoad(rest, bringer, terminal));
  }
  const { flags, operands } = parseWords(words, { json: "flag", "any-system": "flag" });
  const [verb = "", ...names] = operands;
  const isJson = flags.has("json");
  if (verb === "ls" && names.length === 0) {
    const rows = listRows(bringer);
    terminal.out(isJson ? JSON.stringify(rows, null, 2) : tableOf(rows));
    return 0;
  }
  if (verb === "info" && names.length === 1) {
    const info = await infoOf(bringer, names[0] ?? "");
    terminal.out(isJson ? JSON.stringify(info, null, 2) : infoText(info));
    return info.problem === undefined ? 0 : 1;
  }
  const work = works[verb];
  if (work === undefined || (names.length === 0 && verb !== "update")) {
    throw new UsageError(
      "expected ls, add, rm, load, unload, enable, disable, update or info, and names",
    );
  }
  const { done, problems } = await locked(bringer, () =>
    work(bringer, names, flags.has("any-system")),
  );
  if (isJson) {
    terminal.out(JSON.stringify({ done, problems }, null, 2));
  } else {
    for (const line of done) {
      terminal.out(line);
    }
    for (const line of problems) {
      terminal.err(line);
    }
  }
  return problems.length === 0 ? 0 : 1;
}

type Work = (bringer: Bringer, names: readonly string[], isAny: boolean) => Promise<Change>;

const works: Readonly<Record<string, Work>> = {
  async add(bringer, words, isAny) {
    // What a power cut left of the last one.
    tidy(bringer.kernel);
    const brought = await each(words, (word) => bringOne(bringer, word, isAny));
    const loaded = await loadNamed(bringer, brought.done);
    changeOnboot(bringer.kernel, loaded.done, true);
    return { done: loaded.done, problems: [...brought.problems, ...loaded.problems] };
  },
  load: (bringer, words) => loadNamed(bringer, namesOf(words)),
  async unload({ kernel }, words) {
    const names = namesOf(words);
    const loaded = readLoaded(kernel);
    const problems = names.flatMap((name) => {
      const by = loaded.filter((one) => one.needs.includes(name) && !names.includes(one.name));
      const isThere = loaded.some((one) => one.name === name);
      return by.length > 0
        ? [`${name} stays: ${by.map((one) => one.name).join(", ")} needs it`]
        : isThere
          ? []
          : [`${name} is not loaded`];
    });
    if (problems.length > 0) {
      return { done: [], problems };
    }
    await change(kernel, [], names);
    return { done: names, problems };
  },
  async rm(bringer, words) {
    const { kernel } = bringer;
    const names = namesOf(words);
    const loaded = readLoaded(kernel).map(({ name }) => name);
    const isLoaded = names.filter((name) => loaded.includes(name));
    const off = isLoaded.length === 0 ? noChange : await works.unload?.(bringer, isLoaded, false);
    if (off !== undefined && off.problems.length > 0) {
      return off;
    }
    changeOnboot(kernel, names, false);
    return await each(names, async (name) => {
      const kept = listKept(kernel).get(name);
      if (kept?.folder !== optionalFolder) {
        throw new Error(`${name} not found on the data disk`);
      }
      removeKept(kernel, kept);
      return name;
    });
  },
  async enable({ kernel }, words) {
    const names = namesOf(words);
    const kept = listKept(kernel);
    const problems = names.filter((name) => !kept.has(name)).map((name) => `${name} not found`);
    const done = names.filter((name) => kept.has(name));
    changeOnboot(kernel, done, true);
    return { done, problems };
  },
  async disable({ kernel }, words) {
    const names = namesOf(words);
    changeOnboot(kernel, names, false);
    return { done: names, problems: [] };
  },
  async update(bringer, words) {
    const { kernel } = bringer;
    tidy(kernel);
    const mirror = await readMirror(bringer, mirrorPlace(kernel));
    const here = [...listKept(kernel).values()].filter(({ folder }) => folder === optionalFolder);
    const names = words.length === 0 ? here.map(({ name }) => name) : namesOf(words);
    const brought: string[] = [];
    const result = await each(names, async (name) => {
      const found = findInMirror(mirror, name, kernel.architecture());
      const kept = here.find((one) => one.name === name);
      if (found === undefined || kept === undefined) {
        throw new Error(`${name} not found ${kept === undefined ? "here" : `at ${mirror.place}`}`);
      }
      const order = compareVersions(found.version, kept.version);
      const sum = textOf(kernel, `${kept.path}.sha256`)?.slice(0, 64);
      if (order < 0 || (order === 0 && sum === found.sha256)) {
        return undefined;
      }
      await bring(bringer, mirror, found);
      brought.push(name);
      return `${name} ${found.version}`;
    });
    const isIn = readLoaded(kernel).map(({ name }) => name);
    const kept = listKept(kernel);
    const add = brought
      .filter((name) => isIn.includes(name))
      .flatMap((name) => kept.get(name) ?? []);
    const { problems } = add.length === 0 ? noChange : await change(kernel, add, []);
    return { done: result.done, problems: [...result.problems, ...problems] };
  },
};

const noChange: Change = { done: [], problems: [] };

async function locked<T>({ kernel }: Bringer, work: () => Promise<T>): Promise<T> {
  if (kernel.uid() !== 0) {
    throw new Error("only root changes what is in /usr: use sudo");
  }
  kernel.mkdir(runFolder);
  const lock = kernel.tryLock(`${runFolder}/lock`);
  if (lock === undefined) {
    throw new Error("another command is changing extensions: try again when it is done");
  }
  try {
    return await work();
  } finally {
    lock.release();
  }
}

/** Each for itself; what came of those that went well, and a line for each other. */
async function each<T>(
  names: readonly T[],
  work: (name: T) => Promise<string | undefined>,
): Promise<Change> {
  const result: Change = { done: [], problems: [] };
  for (const name of names) {
    try {
      const done = await work(name);
      result.done.push(...(done === undefined ? [] : [done]));
    } catch (error) {
      result.problems.push(hasCode(error, "ENOSPC") ? `${name}: the disk is full` : oneLine(error));
    }
  }
  return result;
}
