import { spawn } from "node:child_process";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import type { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { systemErrorCode } from "../../system-error.ts";
import { MachineError } from "../error/machine-error.ts";
import { cannotRun, lastLine } from "../program/run.ts";
import { writeMembers } from "./archive-members.ts";
import { ByteStream } from "./byte-stream.ts";

/** An archive of ours needs a quarter of it: one that asks for more is no such one. */
const memoryLimit = "256MiB";

/** What tar programs write behind the last member, to fill a record. */
const paddingMaxBytes = 1024 ** 2;

/** How far a work is, in bytes. */
export type OnProgress = (doneBytes: number, totalBytes: number) => void;

/**
 * Unpacks an archive of a machine (tar in xz) into an empty folder and gives the SHA-256 of each file: see
 * {@link writeMembers}. Throws with the reason alone for an archive that is none of ours, damaged or cut off.
 */
export async function unpackArchive(
  archive: string,
  folder: string,
  onProgress: OnProgress = () => undefined,
): Promise<ReadonlyMap<string, string>> {
  const totalBytes = (await stat(archive)).size;
  const xz = spawn("xz", ["-dcq", `--memlimit-decompress=${memoryLimit}`], {
    stdio: ["pipe", "pipe", "pipe"],
    env: { ...process.env, LC_ALL: "C", XZ_OPT: "", XZ_DEFAULTS: "" },
  });
  const ended = new Promise<number | string | Error>((resolve) => {
    xz.on("error", (error) => resolve(cannotRun("xz", error)));
    xz.on("close", (code, signal) => resolve(code ?? signal ?? ""));
  });
  let complaint = "";
  xz.stderr.setEncoding("utf8").on("data", (text: string) => {
    complaint = (complaint + text).slice(-1000);
  });
  const fed = feed(archive, totalBytes, xz.stdin, onProgress);
  const unpacked = new ByteStream(xz.stdout);
  const written = await writeMembers(unpacked, folder)
    .then(async (hashes) => {
      // Padding, which xz checks too.
      if (!(await unpacked.skipToEnd(paddingMaxBytes))) {
        throw new MachineError("more follows behind its end");
      }
      return hashes;
    })
    .catch((error: unknown) => {
      xz.kill("SIGKILL");
      xz.stdout.destroy();
      return error;
    });
  const exit = await ended;
  const unread = await fed;
  if (exit instanceof Error) {
    throw exit;
  }
  if (typeof exit === "number" && exit !== 0) {
    throw new MachineError(reasonOf(lastLine(complaint)));
  }
  if (written instanceof Map) {
    return written;
  }
  throw unread ?? written;
}

/** Gives a file to a program. Resolves with what kept it from being read; not with that the program wants no more. */
async function feed(
  path: string,
  totalBytes: number,
  input: Writable,
  onProgress: OnProgress,
): Promise<unknown> {
  let doneBytes = 0;
  const counted = async function* (chunks: AsyncIterable<Buffer>) {
    for await (const chunk of chunks) {
      yield chunk;
      doneBytes += chunk.length;
      onProgress(doneBytes, totalBytes);
    }
  };
  try {
    await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), counted, input);
    return undefined;
  } catch (error) {
    const isRefused = ["EPIPE", "ECONNRESET", "ERR_STREAM_PREMATURE_CLOSE"].includes(
      systemErrorCode(error) ?? "",
    );
    return isRefused ? undefined : error;
  }
}

/** xz's own words for what people meet. */
const complaints: readonly (readonly [RegExp, string])[] = [
  [/unexpected end of input/i, "it ends in the middle"],
  [/format not recognized/i, "it is no xz archive"],
  [/memory/i, `it asks for more than ${memoryLimit} of memory to be unpacked`],
  [/corrupt/i, "it is damaged"],
];

function reasonOf(complaint: string): string {
  return complaints.find(([pattern]) => pattern.test(complaint))?.[1] ?? complaint;
}
