import { createWriteStream } from "node:fs";
import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { systemErrorCode } from "../../system-error.ts";
import type { Report } from "../driver/contract/driver.ts";
import { MachineError } from "../error/machine-error.ts";
import type { MachineFiles } from "../store/machine-files.ts";

const DOWNLOAD_TIMEOUT_MS = 900_000;

/** Puts the ISO that a path, a file: or an http(s): URL names into the folder of a new machine. */
export async function fetchIso(url: string, files: MachineFiles, report: Report): Promise<void> {
  const path = join(files.folder, "boot2podman.iso");
  try {
    if (/^https?:/.test(url)) {
      report.line(`Downloading ${url}...`);
      await download(url, path);
    } else {
      const source = url.startsWith("file:") ? fileURLToPath(url) : url;
      report.line(`Copying ${source}...`);
      await copyFile(source, path);
    }
  } catch (error) {
    throw new MachineError(`The ISO ${url} can't be fetched: ${reasonOf(error)}`, { cause: error });
  }
}

async function download(url: string, path: string): Promise<void> {
  const response = await fetch(url, { signal: AbortSignal.timeout(DOWNLOAD_TIMEOUT_MS) });
  if (!response.ok || response.body === null) {
    throw new Error(`the server says ${response.status} ${response.statusText}`.trim());
  }
  await pipeline(Readable.fromWeb(response.body), createWriteStream(path, { mode: 0o600 }));
}

/** The runtime's own text for a failed connection is advice to programmers; its code may be the cause's. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) {
    return String(error);
  }
  const code = systemErrorCode(error) ?? systemErrorCode(error.cause) ?? "";
  return CONNECTION_ERRORS[code] ?? error.message;
}

const CONNECTION_ERRORS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nobody answers there",
  ECONNRESET: "the connection broke off",
  UND_ERR_SOCKET: "the connection broke off",
};
