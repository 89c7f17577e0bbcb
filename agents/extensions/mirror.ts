import { sha256 as sha256Of } from "../digest/sha256.ts";
import type { Downloads } from "../kernel/downloads.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { hasCode } from "../kernel/kernel-error.ts";
import { runChecked } from "../kernel/run-checked.ts";
import { makeFolders, sidecars, textOf, tidy } from "./library.ts";
import { compareVersions, type ExtensionFile, parseFileName, plainArch } from "./names.ts";
import { optionalFolder, tceFolder } from "./places.ts";

const longestIndexBytes = 1024 * 1024;
const index = "SHA256SUMS";

/** Files of a mirror, by name, with their sums. */
export interface Mirror {
  /** URL or folder, without a slash at its end. */
  place: string;
  sums: ReadonlyMap<string, string>;
}

/** What bringing files needs. */
export interface Bringer {
  kernel: Kernel;
  downloads: Downloads;
  say(line: string): void;
}

/** Reads which mirror this machine has. Throws when it has none. */
export function mirrorPlace(kernel: Kernel): string {
  for (const path of ["/opt/tcemirror", `${tceFolder}/tcemirror`]) {
    const [line = ""] = (textOf(kernel, path) ?? "").trim().split("\n");
    if (/^(https?:\/\/|\/)\S+$/.test(line)) {
      return line.replace(/\/+$/, "");
    }
  }
  throw new Error(
    `no mirror is known: write the URL or the folder of one into ${tceFolder}/tcemirror or /opt/tcemirror`,
  );
}

/** Reads what a mirror has; its signature is checked when this machine has a key. */
export async function readMirror(bringer: Bringer, place: string): Promise<Mirror> {
  const { kernel } = bringer;
  const text = await readFile(bringer, `${place}/${index}`);
  if (text === undefined) {
    throw new Error(`${place} has no ${index}: it is no mirror of extensions`);
  }
  const key = ["/opt/tcemirror.pub", `${tceFolder}/tcemirror.pub`].find(
    (path) => textOf(kernel, path) !== undefined,
  );
  if (key !== undefined) {
    await checkSignature(bringer, place, text, key);
  }
  return { place, sums: parseSums(new TextDecoder().decode(text)) };
}

/** What sha256sum(1) writes: names of files, none a path, with their sums. */
export function parseSums(text: string): Map<string, string> {
  const sums = new Map<string, string>();
  for (const line of text.split("\n")) {
    const [, sha256, name] = /^([0-9a-f]{64}) [ *](?:\.\/)?([^/\s]+)$/.exec(line.trim()) ?? [];
    if (sha256 !== undefined && name !== undefined) {
      sums.set(name, sha256);
    }
  }
  return sums;
}

async function checkSignature(
  bringer: Bringer,
  place: string,
  text: Uint8Array,
  keyPath: string,
): Promise<void> {
  const { kernel } = bringer;
  const signature = await readFile(bringer, `${place}/${index}.sig`);
  if (signature === undefined) {
    throw new Error(`${place} has no ${index}.sig, and ${keyPath} asks for a signature`);
  }
  const folder = `/run/boot2podman/mirror.${kernel.pid()}` as const;
  kernel.mkdir(folder, { mode: 0o700 });
  try {
    kernel.writeNew(`${folder}/sig`, signature);
    kernel.writeNew(`${folder}/keys`, `mirror ${(textOf(kernel, keyPath) ?? "").trim()}\n`);
    const argv = [
      "ssh-keygen",
      "-Y",
      "verify",
      "-f",
      `${folder}/keys`,
      "-I",
      "mirror",
      "-n",
      "file",
    ];
    const result = await kernel.run([...argv, "-s", `${folder}/sig`], { stdin: text });
    if (result.exitCode !== 0) {
      throw new Error(`${place}/${index} isn't signed by the key in ${keyPath}: nothing is taken`);
    }
  } finally {
    for (const name of kernel.list(folder)) {
      kernel.unlink(`${folder}/${name}`);
    }
    kernel.rmdir(folder);
  }
}

/** The newest extension of that name that a mirror has for this machine. */
export function findInMirror(
  { sums }: Pick<Mirror, "sums">,
  name: string,
  architecture: string,
): (ExtensionFile & { sha256: string }) | undefined {
  const arch = plainArch(architecture);
  return [...sums]
    .flatMap(([file, sha256]) => {
      const found = parseFileName(file);
      const fits = found?.name === name && (found.arch === arch || found.arch === "");
      return found !== undefined && fits ? [{ ...found, sha256 }] : [];
    })
    .sort((a, b) => compareVersions(a.version, b.version))
    .at(-1);
}

/**
 * Brings an extension and what belongs beside it to the data disk. The image comes last and whole: what is cut off
 * before is gone on with the next time, and a sum that differs leaves nothing.
 */
export async function bring(
  bringer: Bringer,
  mirror: Mirror,
  { file, sha256 }: Pick<ExtensionFile, "file"> & { sha256: string },
): Promise<string> {
  const { kernel } = bringer;
  makeFolders(kernel);
  const path = `${optionalFolder}/${file}`;
  const partial = `${optionalFolder}/.${file}.part`;
  try {
    await fetchPart(bringer, `${mirror.place}/${file}`, partial);
    await checkSum(kernel, partial, sha256);
    for (const ending of sidecars.filter((one) => one !== "any" && one !== "sha256")) {
      const sum = mirror.sums.get(`${file}.${ending}`);
      const place = `${mirror.place}/${file}.${ending}`;
      const text = sum === undefined ? undefined : await readFile(bringer, place);
      if (text !== undefined) {
        if (sum !== "" && sha256Of(text).toString("hex") !== sum) {
          throw new Error(`${place} hasn't the sum that ${index} names`);
        }
        kernel.writeAtomic(`${path}.${ending}`, text);
      }
    }
    kernel.writeAtomic(`${path}.sha256`, `${sha256}  ${file}\n`);
    kernel.fsync(partial);
    kernel.rename(partial, path);
    kernel.fsync(optionalFolder);
  } catch (error) {
    if (hasCode(error, "ENOSPC") || /sum/.test(String(error))) {
      removeIfThere(kernel, partial);
    }
    throw error;
  }
  tidy(kernel);
  return path;
}

/** Compares a file with the sum that it must have. */
export async function checkSum(kernel: Kernel, path: string, sha256: string): Promise<void> {
  const argv = ["sha256sum", path];
  const out = await runChecked(kernel, argv, { timeoutMs: { quietMs: 120_000 } });
  if (out.slice(0, 64) !== sha256) {
    throw new Error(`${path}: its sum is ${out.slice(0, 64)}, not ${sha256}: it is damaged`);
  }
}

function removeIfThere(kernel: Kernel, path: string): void {
  if (kernel.lstat(path) !== undefined) {
    kernel.unlink(path);
  }
}

async function fetchPart(bringer: Bringer, from: string, partial: string): Promise<void> {
  const { kernel, downloads, say } = bringer;
  const there = kernel.lstat(partial);
  if (there !== undefined && there.kind !== "file") {
    kernel.unlink(partial);
  }
  if (from.startsWith("/")) {
    const reader = kernel.openReader(from);
    if (reader === undefined) {
      throw new Error(`${from} is not there`);
    }
    try {
      kernel.writeNew(partial, "");
      for (let part = reader.read(chunkBytes); part.length > 0; part = reader.read(chunkBytes)) {
        kernel.append(partial, part);
      }
    } finally {
      reader.close();
    }
    return;
  }
  const have = there?.kind === "file" ? there.sizeBytes : 0;
  const answer = await downloads.download(from, have);
  if (answer === undefined) {
    if (have === 0) {
      throw new Error(`${from} is not there`);
    }
    return;
  }
  if (answer.fromByte === 0) {
    kernel.writeNew(partial, "");
  }
  let done = answer.fromByte;
  let told = 0;
  for await (const part of answer.parts) {
    kernel.append(partial, part);
    done += part.length;
    const percent = Math.floor((done * 100) / (answer.totalBytes ?? Number.POSITIVE_INFINITY));
    if (percent >= told + 20) {
      told = percent;
      say(`${from.slice(from.lastIndexOf("/") + 1)}: ${percent} %`);
    }
  }
}

const chunkBytes = 1024 * 1024;

/** A short file of a mirror; undefined when it has none. */
async function readFile(
  { kernel, downloads }: Bringer,
  place: string,
): Promise<Uint8Array | undefined> {
  if (place.startsWith("/")) {
    const found = kernel.lstat(place);
    return found === undefined ? undefined : kernel.readNoFollow(place, longestIndexBytes);
  }
  const answer = await downloads.download(place, 0);
  if (answer === undefined) {
    return undefined;
  }
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of answer.parts) {
    length += part.length;
    if (length > longestIndexBytes) {
      throw new Error(`${place} is longer than ${longestIndexBytes} bytes`);
    }
    parts.push(part);
  }
  return Buffer.concat(parts);
}
