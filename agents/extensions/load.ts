import { oneLine } from "../command/one-line.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { runChecked } from "../kernel/run-checked.ts";
import { makeNodes } from "../modules/make-nodes.ts";
import { layFactory } from "./factory.ts";
import { writeIndexLayer } from "./index-layer.ts";
import { inspect } from "./inspect.ts";
import type { Kept } from "./library.ts";
import { freshFolder, type Loaded, readLoaded, writeLoaded } from "./loaded.ts";
import { basePath, keepBase, merge } from "./merge.ts";
import { runFolder } from "./places.ts";

/** What came of a change, one line each. */
export interface Change {
  done: string[];
  problems: string[];
}

/** Changes what is in /usr: `takeOff` by name, then `add` in that order; one that is loaded already is replaced. */
export async function change(
  kernel: Kernel,
  add: readonly Kept[],
  takeOff: readonly string[],
): Promise<Change> {
  const before = readLoaded(kernel);
  keepBase(kernel);
  const problems: string[] = [];
  const fresh: Loaded[] = [];
  for (const one of add) {
    try {
      const missing = one.needs.filter(
        (name) => ![...fresh, ...before].some((other) => other.name === name),
      );
      if (missing.length > 0) {
        throw new Error(`it needs ${missing.join(", ")}`);
      }
      fresh.push(await mountOne(kernel, one));
    } catch (error) {
      problems.push(`${one.name} is not loaded: ${oneLine(error)} (${one.path})`);
    }
  }
  const gone = new Set([...takeOff, ...fresh.map(({ name }) => name)]);
  const after = [...before.filter(({ name }) => !gone.has(name)), ...fresh];
  if (fresh.length > 0 || after.length < before.length) {
    try {
      show(kernel, after);
    } catch (error) {
      unmountAll(kernel, fresh);
      throw error;
    }
    writeLoaded(kernel, after);
    await removeLayers(kernel);
    unmountAll(
      kernel,
      before.filter((one) => !after.includes(one)),
    );
    for (const { root } of fresh) {
      layFactory(kernel, root);
    }
    if (fresh.some(({ hasModules }) => hasModules)) {
      makeNodes(kernel);
    }
  }
  return { done: fresh.map(({ name }) => name), problems };
}

/** Looks into an extension and leaves it mounted. Throws in words, and leaves nothing. */
async function mountOne(kernel: Kernel, kept: Kept): Promise<Loaded> {
  checkWhole(kernel, kept);
  const root = freshFolder(kernel, "ext");
  try {
    const argv = ["busybox", "mount", "-o", "ro,nosuid,nodev,loop", kept.path, root];
    await runChecked(kernel, argv, { timeoutMs: { quietMs: 60_000 } });
    try {
      const isAnyAccepted = kernel.lstat(`${kept.path}.any`) !== undefined;
      const { version, notes, hasModules } = inspect(kernel, root, basePath, {
        ...kept,
        isAnyAccepted,
      });
      const { name, kind, path, needs } = kept;
      const shown = version === "" ? kept.version : version;
      return { name, version: shown, kind, path, root, hasModules, needs, notes };
    } catch (error) {
      kernel.unmount(root, ["detach"]);
      throw error;
    }
  } catch (error) {
    kernel.rmdir(root);
    throw error;
  }
}

/** squashfs says how long it is: a file that was cut off would be mounted and read wrongly later. */
function checkWhole(kernel: Kernel, { path, sizeBytes }: Kept): void {
  const reader = kernel.openReader(path);
  const head = reader?.read(96);
  reader?.close();
  if (head === undefined || head.length < 96) {
    throw new Error("it is no image of a filesystem");
  }
  const view = new DataView(head.buffer, head.byteOffset, head.length);
  const isSquashfs = view.getUint32(0, true) === 0x73717368;
  if (isSquashfs && view.getBigUint64(40, true) > BigInt(sizeBytes)) {
    throw new Error("it is damaged: a part of it is missing");
  }
}

function show(kernel: Kernel, loaded: readonly Loaded[]): void {
  if (loaded.length === 0) {
    merge(kernel, [], []);
    return;
  }
  const usrOf = (kind: string) =>
    loaded.filter((one) => one.kind === kind).map(({ root }) => `${root}/usr`);
  const layer = freshFolder(kernel, "made");
  const withModules = loaded
    .filter(({ hasModules }) => hasModules)
    .map(({ root }) => `${root}/usr`);
  const names = loaded.map(({ name }) => name);
  writeIndexLayer(kernel, layer, names, [basePath, ...withModules]);
  // Tiny Core's replace no file of the system's: they lie below it.
  merge(kernel, [layer, ...usrOf("raw").reverse()], usrOf("tcz").reverse());
}

/** Layers that were made for a /usr before this one: their indexes take room. */
async function removeLayers(kernel: Kernel): Promise<void> {
  const used = kernel
    .mounts()
    .flatMap(({ target, superOptions }) =>
      target === "/usr" ? superOptions.join().split(/[=:,]/) : [],
    );
  const unused = kernel
    .list(runFolder)
    .filter((name) => name.startsWith("made."))
    .map((name) => `${runFolder}/${name}`)
    .filter((path) => !used.includes(path));
  if (unused.length > 0) {
    await runChecked(kernel, ["rm", "-rf", ...unused]);
  }
}

/** Programs that run from there go on: the kernel lets go of it when the last has ended. */
function unmountAll(kernel: Kernel, loaded: readonly Loaded[]): void {
  for (const { root } of loaded) {
    kernel.unmount(root, ["detach"]);
    kernel.rmdir(root);
  }
}
