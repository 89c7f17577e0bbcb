import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { downloadFailure, downloadTo } from "../boot-image/download.ts";
import type { Report } from "../driver/contract/driver.ts";
import { MachineError } from "../error/machine-error.ts";
import type { MachineFiles } from "../store/machine-files.ts";

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
    throw new MachineError(`The ISO ${url} can't be fetched: ${downloadFailure(error)}`, {
      cause: error,
    });
  }
}

async function download(
  url: string,
  path: string,
  maxBytes: number,
  report: Report,
  sha256: string,
): Promise<void> {
  const limits = { maxBytes, nothingHas: "no ISO of boot2podman has" };
  const { isEncrypted } = await downloadTo(url, path, limits);
  if (sha256 === "" && !isEncrypted) {
    report.warn(
      `${url} came by http: not encrypted, so it may have been changed on the way: give --boot2podman-sha256, or an https: address.`,
    );
  }
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
