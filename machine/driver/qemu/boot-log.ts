import { open } from "node:fs/promises";
import { systemErrorCode } from "../../../system-error.ts";

/** What the guest has said of its boot so far. */
export interface BootProgress {
  readonly stages: readonly {
    readonly name: string;
    readonly result: string;
    readonly durationMs: number;
  }[];
  /** Its host keys, as `type base64`. */
  readonly hostKeys: readonly string[];
  /** How many times it became ready: once for every boot since QEMU started. */
  readonly readyCount: number;
}

/** A guest writes what it likes: what is beyond this isn't read. */
const readMaxBytes = 256 * 1024;

/**
 * Reads the lines of the boot port: `stage NAME RESULT MS`, `hostkey TYPE BASE64`, `ready`. Others
 * are left alone, as is a last line that isn't finished. They come from the guest, so only plain
 * words are let through to the terminal.
 */
export function parseBootLog(text: string): BootProgress {
  const lines = text.split("\n").slice(0, -1);
  const stages: BootProgress["stages"][number][] = [];
  const hostKeys: string[] = [];
  let readyCount = 0;
  for (const line of lines) {
    const stage = /^stage ([\w.-]{1,64}) (ok|failed|skipped) (\d{1,9})$/.exec(line);
    if (stage?.[1] !== undefined && stage[2] !== undefined) {
      stages.push({ name: stage[1], result: stage[2], durationMs: Number(stage[3]) });
    }
    const hostKey = /^hostkey ([a-z0-9@.-]{1,64} [A-Za-z0-9+/=]{1,2048})$/.exec(line);
    if (hostKey?.[1] !== undefined) {
      hostKeys.push(hostKey[1]);
    }
    if (line === "ready") {
      readyCount += 1;
    }
  }
  return { stages, hostKeys, readyCount };
}

/** Reads the file that the boot port writes to; nothing has been said when there is none. */
export async function readBootLog(path: string): Promise<BootProgress> {
  try {
    const file = await open(path, "r");
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(readMaxBytes), 0);
      return parseBootLog(buffer.subarray(0, bytesRead).toString("utf8"));
    } finally {
      await file.close();
    }
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") {
      return parseBootLog("");
    }
    throw error;
  }
}
