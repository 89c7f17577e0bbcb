import { createHash } from "node:crypto";
import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import type { ComposedExtension } from "../compose/extension.ts";
import { type ExtensionRecipe, sysextArch } from "../recipe/extension.ts";
import type { Arch } from "../recipe/recipe.ts";
import { writeChecksums } from "./checksums.ts";
import { sbomText } from "./sbom.ts";

/** A finished extension and where it goes. */
export interface ExtensionArtifacts {
  extension: ExtensionRecipe;
  composed: ComposedExtension;
  /** The squashfs in the cache. */
  image: string;
  arch: Arch;
  suite: string;
  timeSeconds: number;
  outDir: string;
}

/**
 * Writes NAME-VERSION-ARCH.raw and what belongs beside it, in Tiny Core's names; earlier versions go. Gives the
 * image's path and size.
 */
export async function writeExtension(
  input: ExtensionArtifacts,
): Promise<{ path: string; sizeBytes: number }> {
  const { extension, composed, arch, outDir } = input;
  const { name } = extension;
  mkdirSync(outDir, { recursive: true });
  const file = `${name}-${composed.version}-${sysextArch(arch)}.raw`;
  const bytes = readFileSync(input.image);
  const sumOf = (kind: "md5" | "sha256") => createHash(kind).update(bytes).digest("hex");
  const sha256 = sumOf("sha256");
  const artifacts = [{ name: file, sizeBytes: bytes.length, sha256 }];
  const facts = { ...input, version: composed.version, artifacts, extension: name };
  const texts: Record<string, string> = {
    sha256: `${sha256}  ${file}\n`,
    "md5.txt": `${sumOf("md5")}  ${file}\n`,
    dep: extension.needs.map((one) => `${one}\n`).join(""),
    info: infoText(input, bytes.length),
    "spdx.json": sbomText(facts, composed.packages, []),
  };
  const path = join(outDir, file);
  const wanted = new Set([file, ...Object.keys(texts).map((kind) => `${file}.${kind}`)]);
  copyFileSync(input.image, `${path}.partial`);
  renameSync(`${path}.partial`, path);
  for (const [kind, text] of Object.entries(texts)) {
    writeFileSync(`${path}.${kind}`, text);
  }
  const ending = `-${sysextArch(arch)}.raw`;
  for (const other of readdirSync(outDir)) {
    const isOfUs = other.startsWith(`${name}-`) && /^\d/.test(other.slice(name.length + 1));
    if (isOfUs && other.includes(ending) && !wanted.has(other)) {
      rmSync(join(outDir, other));
    }
  }
  rmSync(join(outDir, "SHA256SUMS"), { force: true });
  await writeChecksums(outDir);
  return { path, sizeBytes: bytes.length };
}

/** What Tiny Core's .info says, as far as there is something to say. */
function infoText({ extension, composed, suite }: ExtensionArtifacts, sizeBytes: number): string {
  const lines: [string, string][] = [
    ["Title", extension.name],
    ["Description", extension.description],
    ["Version", composed.version],
    [
      "Original-site",
      `Debian ${suite}: ${composed.packages.map(({ locked }) => locked.name).join(", ")}`,
    ],
    ["Size", `${(sizeBytes / 1e6).toFixed(1)} MB`],
    ["Kernel", composed.kernelRelease ?? "any"],
  ];
  return lines.map(([key, value]) => `${`${key}:`.padEnd(16)}${value}\n`).join("");
}
