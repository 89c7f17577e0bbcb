import type { Entry } from "../files/entry.ts";
import type { Manifest } from "./manifest.ts";

type Group = Manifest["groups"][number];

/**
 * Sizes of the groups of files in the /usr image. `packedBytes` has the compressed size of each
 * content by its SHA-256; a content counts for the first group that has it. What the image needs
 * besides (inodes, folders) is a group of its own.
 */
export function groupSizes(
  groups: ReadonlyMap<string, readonly Entry[]>,
  packedBytes: ReadonlyMap<string, number>,
  imageBytes: number,
): Group[] {
  const counted = new Set<string>();
  const sizes = [...groups].map(([name, entries]): Group => {
    const files = entries.filter((entry) => entry.type === "file");
    const packed = files.reduce((sum, { sha256 }) => {
      if (counted.has(sha256)) {
        return sum;
      }
      counted.add(sha256);
      return sum + (packedBytes.get(sha256) ?? 0);
    }, 0);
    return {
      name,
      files: files.length,
      rawBytes: files.reduce((sum, entry) => sum + entry.sizeBytes, 0),
      compressedBytes: Math.round(packed),
    };
  });
  const known = sizes.reduce((sum, { compressedBytes }) => sum + compressedBytes, 0);
  const rest = { name: "squashfs", files: 0, rawBytes: 0, compressedBytes: imageBytes - known };
  return [...sizes, rest].sort((a, b) => b.compressedBytes - a.compressedBytes);
}

/** A group of files that lie in the artifacts as they are, or compressed as one. */
export function looseGroup(
  name: string,
  entries: readonly Entry[],
  compressedBytes: number | undefined,
): Group {
  const files = entries.filter((entry) => entry.type === "file");
  const rawBytes = files.reduce((sum, entry) => sum + entry.sizeBytes, 0);
  return { name, files: files.length, rawBytes, compressedBytes: compressedBytes ?? rawBytes };
}
