import { basename, dirname, resolve } from "node:path";
import { runChecked } from "../kernel/run-checked.ts";
import { listKept, textOf } from "./library.ts";
import {
  type Bringer,
  bring,
  findInMirror,
  type Mirror,
  mirrorPlace,
  readMirror,
} from "./mirror.ts";
import { namesOf, parseFileName } from "./names.ts";
import { optionalFolder } from "./places.ts";

/** Brings one by its name, path or URL, with those that it needs, and gives its name. */
export async function bringOne(bringer: Bringer, word: string, isAny: boolean): Promise<string> {
  const { kernel } = bringer;
  let name: string;
  if (word.includes("/")) {
    const place = /^https?:\/\//.test(word) ? word : resolve(word);
    name = await bringFile(bringer, place);
  } else {
    name = namesOf([word])[0] ?? "";
    await bringNamed(bringer, undefined, name, []);
  }
  const kept = listKept(kernel).get(name);
  if (isAny && kept?.folder === optionalFolder) {
    kernel.writeAtomic(`${kept.path}.any`, "");
  }
  return name;
}

async function bringFile(bringer: Bringer, place: string): Promise<string> {
  const { kernel } = bringer;
  const file = basename(place);
  const parsed = parseFileName(file);
  if (parsed === undefined) {
    throw new Error(`${place}: expected a file called NAME.raw, NAME-VERSION-ARCH.raw or NAME.tcz`);
  }
  const folder = place.slice(0, -file.length - 1);
  let mirror: Mirror;
  let sha256: string | undefined;
  if (place.startsWith("/")) {
    const beside = kernel
      .listNoFollow(dirname(place))
      .filter((name) => name.startsWith(`${file}.`));
    mirror = { place: folder, sums: new Map(beside.map((name) => [name, ""])) };
    sha256 = textOf(kernel, `${place}.sha256`)?.slice(0, 64);
    if (sha256 === undefined) {
      const argv = ["sha256sum", place];
      sha256 = (await runChecked(kernel, argv)).slice(0, 64);
    }
  } else {
    mirror = await readMirror(bringer, folder);
    sha256 = mirror.sums.get(file);
    if (sha256 === undefined) {
      throw new Error(`${folder}/SHA256SUMS doesn't name ${file}`);
    }
  }
  await bring(bringer, mirror, { file, sha256 });
  return parsed.name;
}

/** Brings one and what it needs from the mirror, unless it is here. */
export async function bringNamed(
  bringer: Bringer,
  known: Mirror | undefined,
  name: string,
  path: readonly string[],
): Promise<void> {
  const { kernel } = bringer;
  let mirror = known;
  if (!listKept(kernel).has(name)) {
    mirror ??= await readMirror(bringer, mirrorPlace(kernel));
    const found = findInMirror(mirror, name, kernel.architecture());
    if (found === undefined) {
      const by = path.length === 0 ? "" : `, which ${path.at(-1)} needs`;
      throw new Error(`${name} not found at ${mirror.place}${by}`);
    }
    await bring(bringer, mirror, found);
  }
  for (const needed of listKept(kernel).get(name)?.needs ?? []) {
    // A loop is named when it is loaded.
    if (!path.includes(needed) && needed !== name) {
      await bringNamed(bringer, mirror, needed, [...path, name]);
    }
  }
}
