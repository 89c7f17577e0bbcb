import { createWriteStream } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { systemErrorCode } from "../../system-error.ts";
import type { OnProgress } from "./unpack-archive.ts";

const downloadTimeoutMs = 900_000;

/** What a download may come to, and who is told how far it is. */
export interface DownloadLimits {
  /** A server that goes on sending fills no disk. */
  readonly maxBytes: number;
  /** What has no more than that: "no ISO of boot2podman has". */
  readonly nothingHas: string;
  readonly onProgress?: OnProgress;
}

/**
 * Writes what an http(s): URL gives to a file. Resolves with whether all of its way was encrypted: an https: address
 * may lead to an http: one.
 */
export async function downloadTo(
  url: string,
  path: string,
  { maxBytes, nothingHas, onProgress }: DownloadLimits,
): Promise<{ isEncrypted: boolean }> {
  const response = await fetch(url, { signal: AbortSignal.timeout(downloadTimeoutMs) });
  if (!response.ok || response.body === null) {
    throw new Error(`the server says ${response.status} ${response.statusText}`.trim());
  }
  const totalBytes = Number(response.headers.get("content-length") ?? 0);
  let sizeBytes = 0;
  const bounded = async function* (chunks: AsyncIterable<Uint8Array>) {
    for await (const chunk of chunks) {
      sizeBytes += chunk.length;
      if (sizeBytes > maxBytes) {
        throw new Error(`it has more than ${maxBytes} bytes, which ${nothingHas}`);
      }
      onProgress?.(sizeBytes, totalBytes);
      yield chunk;
    }
  };
  const body = Readable.fromWeb(response.body);
  await pipeline(body, bounded, createWriteStream(path, { mode: 0o600 }));
  return { isEncrypted: ![url, response.url].some((one) => one.startsWith("http:")) };
}

/** The runtime's own text for a failed connection is advice to programmers; its code may be the cause's. */
export function downloadFailure(error: unknown): string {
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
  ENOENT: "there is no such file",
};
