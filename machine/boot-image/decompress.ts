import { spawn } from "node:child_process";
import { promisify } from "node:util";
import * as zlib from "node:zlib";
import type { KernelPayload } from "./bzimage.ts";

const timeoutMs = 60_000;

/** In the process, as far as the runtime has it: Bun has zstd, Node before 22.15 hasn't. */
type Decompressor = (
  stream: Buffer,
  options: { maxOutputLength: number },
  done: (error: Error | null, result: Buffer) => void,
) => void;
const { zstdDecompress } = zlib as typeof zlib & { zstdDecompress?: Decompressor };

/**
 * Decompresses a kernel. Undefined when it isn't exactly as large as was said, is damaged, or when nothing here
 * can decompress it. A stream that holds more than that is given up there.
 */
export async function decompress(payload: KernelPayload): Promise<Buffer | undefined> {
  const { stream, sizeBytes } = payload;
  const kernel = await attempt(payload).catch(() => undefined);
  return kernel?.length === sizeBytes ? kernel : undefined;

  function attempt({ compression }: KernelPayload): Promise<Buffer | undefined> {
    const options = { maxOutputLength: sizeBytes };
    switch (compression) {
      case "gzip":
        return promisify(zlib.gunzip)(stream, options);
      case "xz":
        return throughProgram(["xz", "-dcq", "--memlimit-decompress=256MiB"], stream, sizeBytes);
      case "zstd":
        return zstdDecompress === undefined
          ? throughProgram(["zstd", "-dcq"], stream, sizeBytes)
          : promisify(zstdDecompress)(stream, options);
    }
  }
}

/** What a program makes of a stream; undefined when it fails, gives too much, takes too long, or isn't there. */
function throughProgram(
  [program = "", ...args]: readonly string[],
  stream: Buffer,
  sizeBytes: number,
): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      stdio: ["pipe", "pipe", "ignore"],
      timeout: timeoutMs,
      killSignal: "SIGKILL",
    });
    const chunks: Buffer[] = [];
    let given = 0;
    child.stdout.on("data", (chunk: Buffer) => {
      given += chunk.length;
      if (given > sizeBytes) {
        child.kill("SIGKILL");
      } else {
        chunks.push(chunk);
      }
    });
    child.on("error", () => resolve(undefined));
    child.on("close", (code) => resolve(code === 0 ? Buffer.concat(chunks) : undefined));
    // One that stops reading half-way says why by its exit status.
    child.stdin.on("error", () => undefined);
    child.stdin.end(stream);
  });
}
