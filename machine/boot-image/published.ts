import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { lastLine, runProgram } from "../program/run.ts";
import { readIfThere } from "../store/read-file.ts";

const timeoutMs = 60_000;
/** A release's list has some dozen lines. */
const maxBytes = 64 * 1024;

/** The list of checksums that is published with files, and beside it its signature. */
const sumsName = "SHA256SUMS";
const signatureName = `${sumsName}.sig`;

/** What a signature of a release is about, and who signs (image/release/release.ts). */
const signer = { identity: "boot2podman", namespace: "boot2podman" };

/** Debian's names of the architectures. */
const architectures: Readonly<Record<string, string>> = { x64: "amd64", arm64: "arm64" };

/** The keys that a person trusts to sign releases, in the form of ssh-keygen's allowed signers. */
export function signersPath(store: string): string {
  return join(store, "release-signers");
}

/** Whether a path or an address is that of a release's folder, and not of a file or of a build's folder. */
export function isReleaseFolder(image: string): boolean {
  if (/^https?:/i.test(image)) {
    return image.endsWith("/");
  }
  return existsSync(join(image, sumsName)) && !existsSync(join(image, "manifest.json"));
}

/** The archive of a machine of this host's architecture in a release's folder. */
export async function archiveInRelease(folder: string): Promise<string> {
  const arch = architectures[process.arch] ?? process.arch;
  const end = new RegExp(` [ *](boot2podman-\\S+-${arch}\\.machine\\.tar\\.xz)$`, "m");
  const base = folder.endsWith("/") ? folder : `${folder}/`;
  const [, name] = end.exec((await readBeside(base, sumsName)) ?? "") ?? [];
  if (name === undefined) {
    throw new Error(`its ${sumsName} names no archive of a machine for ${arch}`);
  }
  return `${base}${name}`;
}

/**
 * The SHA-256 that is said of an archive beside it, in the form of sha256sum(1): in a file of its name with
 * ".sha256", else in SHA256SUMS. Undefined where neither names it. Where the store names signers, only a list that one
 * of them signed counts; anything else is an error.
 */
export async function saidSum(archive: string, store: string): Promise<string | undefined> {
  const name = decodeURIComponent(pathOf(archive).split("/").at(-1) ?? "");
  const signers = signersPath(store);
  if (existsSync(signers)) {
    const sum = sumOf(await signedSums(archive, signers), name);
    if (sum === undefined) {
      throw new Error(`the signed ${sumsName} beside it doesn't name it`);
    }
    return sum;
  }
  for (const place of [`${pathOf(archive)}.sha256`.split("/").at(-1) ?? "", sumsName]) {
    const text = await readBeside(archive, place);
    const sum = text === undefined ? undefined : sumOf(text, name);
    if (sum !== undefined) {
      return sum;
    }
  }
  return undefined;
}

async function signedSums(archive: string, signers: string): Promise<string> {
  const [sums, signature] = await Promise.all([
    readBeside(archive, sumsName),
    readBeside(archive, signatureName),
  ]);
  if (sums === undefined || signature === undefined) {
    const missing = sums === undefined ? sumsName : signatureName;
    throw new Error(`there is no ${missing} beside it, and ${signers} asks for a signature`);
  }
  const folder = await mkdtemp(join(tmpdir(), "podman-machine-"));
  try {
    const path = join(folder, signatureName);
    await writeFile(path, signature);
    const { identity, namespace } = signer;
    const who = ["-f", signers, "-I", identity, "-n", namespace];
    const verify = ["-Y", "verify", ...who, "-s", path];
    const { exitCode, stdout, stderr } = await runProgram("ssh-keygen", verify, {
      timeoutMs,
      input: sums,
    });
    if (exitCode !== 0) {
      const why = lastLine(stderr.trim() === "" ? stdout : stderr);
      throw new Error(
        `${sumsName} beside it is signed by nobody whom ${signers} names (ssh-keygen: ${why})`,
      );
    }
    return sums;
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** The sum of a file in a list of sums. */
export function sumOf(text: string, name: string): string | undefined {
  for (const line of text.split("\n")) {
    const [, sum, named] = /^([0-9a-f]{64}) [ *](.+)$/i.exec(line.trimEnd()) ?? [];
    if (named?.split("/").at(-1) === name) {
      return sum?.toLowerCase();
    }
  }
  return undefined;
}

function isRemote(place: string): boolean {
  return /^https?:/i.test(place);
}

/** Without what follows the path of an address. */
function pathOf(archive: string): string {
  return isRemote(archive) ? new URL(archive).pathname : archive;
}

/** The text of another file in the same folder; undefined when there is none. */
function readBeside(archive: string, name: string): Promise<string | undefined> {
  if (!isRemote(archive)) {
    return readIfThere(
      `${archive.slice(0, archive.lastIndexOf("/") + 1)}${decodeURIComponent(name)}`,
    );
  }
  const url = new URL(archive);
  url.pathname = `${url.pathname.slice(0, url.pathname.lastIndexOf("/") + 1)}${name}`;
  return fetchText(url.href);
}
async function fetchText(url: string): Promise<string | undefined> {
  const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) });
  if (!response.ok || response.body === null) {
    return undefined;
  }
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of response.body) {
    chunks.push(chunk);
    sizeBytes += chunk.length;
    if (sizeBytes > maxBytes) {
      break;
    }
  }
  return Buffer.concat(chunks).toString("utf8");
}
