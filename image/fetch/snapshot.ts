import type { Archive } from "../resolve/mirrors.ts";

/** Debian's archive of every package version since 2005. */
export const snapshotArchive = "https://snapshot.debian.org/archive";

/**
 * Where the snapshot archive keeps a file as it was at a moment. It redirects to the newest
 * snapshot that is not younger (snapshot.debian.org, "Usage").
 */
export function snapshotUrl(
  base: string,
  momentIso: string,
  archive: Archive,
  path: string,
): string {
  const moment = momentIso.replace(/[-:]/g, "").replace(/\.\d+Z$/, "Z");
  return `${base}/${archive}/${moment}/${path}`;
}
