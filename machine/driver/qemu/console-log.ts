import { open } from "node:fs/promises";
import { stripVTControlCharacters } from "node:util";
import { systemErrorCode } from "../../../system-error.ts";

const tailBytes = 8192;
const lineMax = 200;

/** The lines that say something, fit for a terminal: no escape sequences, no control bytes. */
function plainLines(text: string): string[] {
  return (
    stripVTControlCharacters(text)
      .split(/[\r\n]+/)
      // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what must not get through.
      .map((line) => line.replace(/[\u0000-\u001f\u007f-\u009f]/g, "").trim())
      .filter((line) => line !== "")
      .map((line) => line.slice(0, lineMax))
  );
}

/** The last line that says something. */
export function lastConsoleLine(text: string): string | undefined {
  return plainLines(text).at(-1);
}

/** The kernel's own word for why it can't go on, without its time; undefined while it can. */
export function panicLine(text: string): string | undefined {
  const line = plainLines(text).find((one) => /Kernel panic - not syncing/.test(one));
  return line?.replace(/^.*(?=Kernel panic)/, "");
}

/** The end of what a machine's console printed; empty when it printed nothing. */
export async function readConsoleEnd(path: string): Promise<string> {
  try {
    const file = await open(path, "r");
    try {
      const { size } = await file.stat();
      const start = Math.max(0, size - tailBytes);
      const { buffer, bytesRead } = await file.read(Buffer.alloc(tailBytes), 0, tailBytes, start);
      return buffer.subarray(0, bytesRead).toString("utf8");
    } finally {
      await file.close();
    }
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") {
      return "";
    }
    throw error;
  }
}
