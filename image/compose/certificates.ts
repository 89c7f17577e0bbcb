import type { ExtractedPackage } from "../extract/extract.ts";
import { type ContentStore, readContent, storeContent } from "../files/content.ts";
import { comparePaths, type Entry } from "../files/entry.ts";
import type { Recipe } from "../recipe/recipe.ts";
import { BuildError } from "../report/build-error.ts";
import { packageNamed } from "./packages.ts";

/**
 * One file of all certificates of the ca-certificates package, which its installation would make.
 * @throws BuildError when the package has none where the recipe says.
 */
export function composeCertificates(
  recipe: Recipe,
  packages: readonly ExtractedPackage[],
  store: ContentStore,
): Entry {
  const { package: name, from, bundle } = recipe.certificates;
  const found = packageNamed(packages, name)
    .entries.filter((entry) => entry.type === "file")
    .filter((entry) => entry.path.startsWith(`${from}/`) && entry.path.endsWith(".crt"))
    .sort((a, b) => comparePaths(a.path, b.path));
  if (found.length === 0) {
    throw new BuildError(`${name} has no certificates below ${from}`);
  }
  const bytes = Buffer.concat(found.map(({ sha256 }) => withNewline(readContent(store, sha256))));
  const sha256 = storeContent(store, bytes);
  return {
    path: bundle,
    type: "file",
    mode: 0o644,
    uid: 0,
    gid: 0,
    sizeBytes: bytes.length,
    sha256,
  };
}

function withNewline(bytes: Buffer): Buffer {
  return bytes.at(-1) === 0x0a ? bytes : Buffer.concat([bytes, Buffer.from("\n")]);
}
