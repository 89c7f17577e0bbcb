import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { BuildError } from "../report/build-error.ts";
import { megabytes, type Progress } from "../report/progress.ts";
import type { Lock, LockedPackage } from "../resolve/lock.ts";
import type { Mirrors } from "../resolve/mirrors.ts";
import { downloadFile, partialPath, sha256OfFile, sizeIfPresent } from "./download.ts";
import { snapshotUrl } from "./snapshot.ts";

/** The snapshot archive is often slow or away: a build that can go on without it doesn't wait long. */
const idleTimeoutSeconds = { mirror: 30, snapshot: 10 };

/** Downloads at the same time. */
const parallel = 4;

/** Where packages come from and where they are kept. */
export interface FetchOptions {
  cacheDir: string;
  mirrors: () => Promise<Mirrors>;
  /** The archive of all versions that ever were. */
  snapshot: string;
  /** Gives up on a server that sends nothing for so long. */
  idleTimeoutSeconds?: { mirror: number; snapshot: number };
  progress: Progress;
}

/** The lock's packages could not all be fetched: which, and why. */
export class PackagesGoneError extends BuildError {
  readonly gone: readonly LockedPackage[];
  constructor(message: string, gone: readonly LockedPackage[], cause: unknown) {
    super(message, { cause });
    this.gone = gone;
  }
}

/** Where a package lies in the cache. */
export function cachedPackage(cacheDir: string, one: Pick<LockedPackage, "sha256">): string {
  return join(cacheDir, "packages", `${one.sha256}.deb`);
}

/**
 * The packages that aren't in the cache as the lock has them. What lies under a package's name
 * without being it is removed, and said.
 */
async function missingPackages(lock: Lock, options: FetchOptions): Promise<LockedPackage[]> {
  const missing: LockedPackage[] = [];
  for (const one of lock.packages) {
    const path = cachedPackage(options.cacheDir, one);
    if (existsSync(path)) {
      if ((await sha256OfFile(path)) === one.sha256) {
        continue;
      }
      options.progress.line(`${path} isn't the locked ${one.name}: fetching it again`);
      rmSync(path);
    }
    missing.push(one);
  }
  return missing;
}

/**
 * Lock → package files in the cache. What is there already is believed by its hash alone. What the
 * mirror no longer has is asked of the snapshot archive.
 * @throws PackagesGoneError when packages are neither here nor there.
 */
export async function fetchPackages(lock: Lock, options: FetchOptions): Promise<void> {
  const { cacheDir, progress } = options;
  const missing = await missingPackages(lock, options);
  if (missing.length === 0) {
    return;
  }
  const mirrors = await options.mirrors();
  const idle = options.idleTimeoutSeconds ?? idleTimeoutSeconds;
  const totalBytes = missing.reduce((sum, one) => sum + one.sizeBytes, 0);
  progress.line(`fetching ${missing.length} packages, ${megabytes(totalBytes)}`);
  const showing = setInterval(() => {
    const hereBytes = missing
      .map((one) => cachedPackage(cacheDir, one))
      .reduce((sum, path) => sum + (sizeIfPresent(path) || sizeIfPresent(partialPath(path))), 0);
    progress.live(`fetching packages: ${megabytes(hereBytes)} of ${megabytes(totalBytes)}`);
  }, 300);
  const failures: { one: LockedPackage; error: BuildError }[] = [];
  let unreachable = 0;
  try {
    await inParallel(missing, parallel, async (one) => {
      const [failure] = failures;
      if (failure && unreachable >= parallel) {
        // Nobody answers there: asking for each of a hundred packages would only take long.
        failures.push({ one, error: failure.error });
        return;
      }
      const error = await tryDownload(
        one,
        `${mirrors[one.archive]}/${one.path}`,
        options,
        idle.mirror,
        2,
      );
      if (!error) {
        return;
      }
      failures.push({ one, error });
      if (!isAnswer(error)) {
        unreachable++;
      }
    });
    const [failure] = failures;
    if (!failure) {
      return;
    }
    progress.line(
      `${failures.length} packages did not come from the mirror (${failure.error.message}); trying the snapshot archive`,
    );
    await fetchFromSnapshot(
      failures.map(({ one }) => one),
      lock,
      options,
      failure.error,
    );
  } finally {
    clearInterval(showing);
  }
}

async function fetchFromSnapshot(
  wanted: readonly LockedPackage[],
  lock: Lock,
  options: FetchOptions,
  mirrorError: BuildError,
): Promise<void> {
  const idle = options.idleTimeoutSeconds ?? idleTimeoutSeconds;
  for (const [done, one] of wanted.entries()) {
    const url = snapshotUrl(options.snapshot, lock.resolvedAt, one.archive, one.path);
    const error = await tryDownload(one, url, options, idle.snapshot, 0);
    if (!error) {
      continue;
    }
    const gone = wanted.slice(done);
    throw new PackagesGoneError(
      `${gone.length} locked packages can be fetched neither from the mirror (${mirrorError.message}) nor from the snapshot archive (${error.message})`,
      gone,
      error,
    );
  }
}

async function tryDownload(
  one: LockedPackage,
  url: string,
  options: FetchOptions,
  idleTimeoutSeconds: number,
  retries: number,
): Promise<BuildError | undefined> {
  const target = cachedPackage(options.cacheDir, one);
  try {
    await downloadFile({
      url: encodePath(url),
      target,
      sha256: one.sha256,
      idleTimeoutSeconds,
      retries,
    });
    return undefined;
  } catch (error) {
    if (error instanceof BuildError && !/the disk is full/.test(error.message)) {
      return error;
    }
    throw error;
  }
}

/** Whether a server answered, though not with the file that was wanted. */
function isAnswer(error: BuildError): boolean {
  return /\b(404|410)\b|mismatch|unexpected size/i.test(error.message);
}

/** Archive paths hold + and ~, which some servers want escaped and all understand escaped. */
function encodePath(url: string): string {
  return url.replaceAll("+", "%2b");
}

async function inParallel<T>(
  items: readonly T[],
  width: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const queue = [...items];
  const workers = Array.from({ length: Math.min(width, queue.length) }, async () => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) {
      await work(item);
    }
  });
  await Promise.all(workers);
}
