import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { systemErrorCode } from "../../system-error.ts";
import type { Report } from "../driver/contract/driver.ts";
import { MachineError } from "../error/machine-error.ts";
import type { MachineFiles } from "../store/machine-files.ts";

const downloadTimeoutMs = 900_000;
/** Several times the size of an ISO of ours; a server that goes on sending fills no disk. */
const downloadMaxBytes = 1024 ** 3;

/**
 * Puts the ISO that a path, a file: or an http(s): URL names into the folder of a new machine.
 *
 * @param sha256 what its bytes have to be, in hexadecimal; empty: anything.
 */
export async function fetchIso(
  url: string,
  files: MachineFiles,
  report: Report,
  sha256 = "",
  maxBytes: number = downloadMaxBytes,
): Promise<void> {
  const path = join(files.folder, "boot2podman.iso");
  try {
    if (/^https?:/.test(url)) {
      report.line(`Downloading ${url}...`);
      await download(url, path, maxBytes, report, sha256);
    } else {
      const source = url.startsWith("file:") ? fileURLToPath(url) : url;
      report.line(`Copying ${source}...`);
      await copyFile(source, path);
    }
    await checkHash(path, sha256);
  } catch (error) {
    throw new MachineError(`The ISO ${url} can't be fetched: ${reasonOf(error)}`, { cause: error });
  }
}

async function download(
  url: string,
  path: string,
  maxBytes: number,
  report: Report,
  sha256: string,
): Promise<void> {
  const response = await fetch(url, { signal: AbortSignal.timeout(downloadTimeoutMs) });
  if (!response.ok || response.body === null) {
    throw new Error(`the server says ${response.status} ${response.statusText}`.trim());
  }
  // An https: address may lead to an http: one.
  if (sha256 === "" && [url, response.url].some((one) => one.startsWith("http:"))) {
    report.warn(
      `${url} came by http: not encrypted, so it may have been changed on the way: give --boot2podman-sha256, or an https: address.`,
    );
  }
  let sizeBytes = 0;
  const bounded = async function* (chunks: AsyncIterable<Uint8Array>) {
    for await (const chunk of chunks) {
      sizeBytes += chunk.length;
      if (sizeBytes > maxBytes) {
        throw new Error(`it has more than ${maxBytes} bytes, which no ISO of boot2podman has`);
      }
      yield chunk;
    }
  };
  const body = Readable.fromWeb(response.body);
  await pipeline(body, bounded, createWriteStream(path, { mode: 0o600 }));
}

async function checkHash(path: string, sha256: string): Promise<void> {
  if (sha256 === "") {
    return;
  }
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) {
    hash.update(chunk);
  }
  const found = hash.digest("hex");
  if (found !== sha256.toLowerCase()) {
    throw new Error(`its SHA-256 is ${found}, expected ${sha256}`);
  }
}

/** The runtime's own text for a failed connection is advice to programmers; its code may be the cause's. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) {
    return String(error);
  }
  const code = systemErrorCode(error) ?? systemErrorCode(error.cause) ?? "";
  return connectionErrors[code] ?? error.message;
}

const connectionErrors: Readonly<Record<string, string>> = {
  ECONNREFUSED: "no answer",
  ECONNRESET: "the connection broke off",
  UND_ERR_SOCKET: "the connection broke off",
};
