import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { systemErrorCode } from "../../system-error.ts";

/** SHA-256 of a file; undefined when there is none. */
export async function hashOf(path: string): Promise<string | undefined> {
  const hash = createHash("sha256");
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
      hash.update(chunk);
    }
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") {
      return undefined;
    }
    throw error;
  }
  return hash.digest("hex");
}
