import { createHash } from "node:crypto";
import { createReadStream, mkdirSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { systemErrorCode } from "../../system-error.ts";
import { BuildError } from "../report/build-error.ts";
import { toolEnvironment } from "../tool/environment.ts";
import { runTool } from "../tool/run-tool.ts";

/** apt's own downloader: the machine's proxies and certificates, resuming, hash check. */
const aptHelper = "/usr/lib/apt/apt-helper";

/** A file to fetch: from where, to where, and what it must be. */
export interface Download {
  url: string;
  target: string;
  sha256: string;
  /** Gives up after so many seconds in which nothing came. */
  idleTimeoutSeconds: number;
  retries: number;
  environment?: Record<string, string>;
}

/**
 * Fetches a file, checks its hash, and puts it in place whole.
 * @throws BuildError that names the URL and what was found.
 */
export async function downloadFile(download: Download): Promise<void> {
  const { url, target, sha256, idleTimeoutSeconds } = download;
  const partial = partialPath(target);
  mkdirSync(dirname(target), { recursive: true });
  rmSync(partial, { force: true });
  try {
    await runTool(
      aptHelper,
      [
        "-o",
        `Acquire::http::Timeout=${idleTimeoutSeconds}`,
        "-o",
        `Acquire::https::Timeout=${idleTimeoutSeconds}`,
        "-o",
        `Acquire::Retries=${download.retries}`,
        "-o",
        "APT::Sandbox::User=root",
        "download-file",
        url,
        partial,
        `SHA256:${sha256}`,
      ],
      { purpose: `fetch ${url}`, env: download.environment ?? toolEnvironment() },
    );
    const found = await sha256OfFile(partial);
    if (found !== sha256) {
      throw new BuildError(`cannot fetch ${url}: its SHA-256 is ${found}, expected ${sha256}`);
    }
    renameSync(partial, target);
  } finally {
    rmSync(partial, { force: true });
    rmSync(`${partial}.FAILED`, { force: true });
  }
}

/** Where a download lies until it is whole. */
export function partialPath(target: string): string {
  return `${target}.partial-${process.pid}`;
}

/** Size of a file in bytes, 0 when it isn't there. */
export function sizeIfPresent(path: string): number {
  try {
    return statSync(path).size;
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") {
      return 0;
    }
    throw error;
  }
}

/** SHA-256 of a file's bytes, in hexadecimal. */
export async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) {
    hash.update(chunk);
  }
  return hash.digest("hex");
}
