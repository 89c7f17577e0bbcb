import { open } from "node:fs/promises";
import { stripVTControlCharacters } from "node:util";
import { systemErrorCode } from "../../failure.ts";

const TAIL_BYTES = 8192;
const LINE_MAX = 200;

/** The last line that says something, fit for a terminal: no escape sequences, no control bytes. */
export function lastConsoleLine(text: string): string | undefined {
  const lines = stripVTControlCharacters(text)
    .split(/[\r\n]+/)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what must not get through.
    .map((line) => line.replace(/[\u0000-\u001f\u007f-\u009f]/g, "").trim())
    .filter((line) => line !== "");
  return lines.at(-1)?.slice(0, LINE_MAX);
}

/** The last line of a machine's console; undefined when it printed nothing. */
export async function readLastConsoleLine(path: string): Promise<string | undefined> {
  try {
    const file = await open(path, "r");
    try {
      const { size } = await file.stat();
      const start = Math.max(0, size - TAIL_BYTES);
      const { buffer, bytesRead } = await file.read(Buffer.alloc(TAIL_BYTES), 0, TAIL_BYTES, start);
      return lastConsoleLine(buffer.subarray(0, bytesRead).toString("utf8"));
    } finally {
      await file.close();
    }
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") {
      return undefined;
    }
    throw error;
  }
}
