import path from "node:path";
import { BuildError } from "../../../image/report/build-error.ts";
import type { Progress } from "../../../image/report/progress.ts";
import { type Cache, type FetchedTests, fetchTests } from "./fetched-tests.ts";

/** The repository's cache, for this machine's processor. */
export function cacheOf(progress: Progress): Cache {
  return {
    folder: path.resolve(import.meta.dirname, "../../../.cache"),
    arch: process.arch === "arm64" ? "arm64" : "amd64",
    progress,
  };
}

/**
 * The tests asked for; without a word those of the Podman in the image or, where the archive doesn't give its source,
 * Debian 12's.
 * @throws BuildError when the archive doesn't give what is asked for.
 */
export async function openTests(name: string | undefined, cache: Cache): Promise<FetchedTests> {
  if (name !== undefined) {
    return await fetchTests(name, cache);
  }
  try {
    return await fetchTests("pinned", cache);
  } catch (error) {
    if (!(error instanceof BuildError)) {
      throw error;
    }
    cache.progress.line(`${error.message}: taking the tests of Debian 12's Podman`);
    return await fetchTests("debian12", cache);
  }
}
