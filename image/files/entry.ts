import * as z from "zod";

const common = {
  /** Path in the guest without a leading slash. */
  path: z.string(),
  mode: z.int(),
  uid: z.int(),
  gid: z.int(),
};

const entrySchema = z.discriminatedUnion("type", [
  z.strictObject({ ...common, type: z.literal("folder") }),
  z.strictObject({
    ...common,
    type: z.literal("file"),
    sizeBytes: z.int(),
    sha256: z.string(),
  }),
  z.strictObject({ ...common, type: z.literal("link"), target: z.string() }),
  z.strictObject({ ...common, type: z.literal("device"), major: z.int(), minor: z.int() }),
]);

/** One path of a filesystem tree: what it is, whose it is, and the hash of its content. */
export type Entry = z.infer<typeof entrySchema>;
/** A regular file. */
export type FileEntry = Extract<Entry, { type: "file" }>;

/** Entries as the cache keeps them. */
export const entriesSchema = z.array(entrySchema);

/** A folder of root's. */
export function rootFolder(path: string): Entry {
  return { path, type: "folder", mode: 0o755, uid: 0, gid: 0 };
}

/** A symbolic link of root's. */
export function rootLink(path: string, target: string): Entry {
  return { path, type: "link", mode: 0o777, uid: 0, gid: 0, target };
}

/** Adds the folders above every entry that are not there, and sorts by path. */
export function withParents(entries: readonly Entry[]): Entry[] {
  const byPath = new Map(entries.map((entry) => [entry.path, entry]));
  for (const { path } of entries) {
    for (const parent of parentsOf(path)) {
      if (!byPath.has(parent)) {
        byPath.set(parent, rootFolder(parent));
      }
    }
  }
  return [...byPath.values()].sort((a, b) => comparePaths(a.path, b.path));
}

/** "a/b/c" → ["a", "a/b"]. */
export function parentsOf(path: string): string[] {
  const parts = path.split("/");
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join("/"));
}

/** Order of bytes, so that no locale changes it. */
export function comparePaths(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
