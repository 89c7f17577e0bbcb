import { readdirSync } from "node:fs";
import path from "node:path";
import type { Laboratory } from "./laboratory/laboratory.ts";

/** What of a failed script's trace is shown. */
const shownLines = 25;

/** The scripts of other programs and of what Podman is used for: names of files in scripts/. */
export function scriptNames(): string[] {
  return readdirSync(path.join(import.meta.dirname, "scripts")).sort();
}

/** Runs scripts as root and as the user; gives those that failed. */
export async function runScripts(
  laboratory: Laboratory,
  names: readonly string[],
  say: (line: string) => void,
): Promise<string[]> {
  const failed: string[] = [];
  for (const name of names) {
    for (const role of ["root", "user"] as const) {
      const { exitCode, stdout, stderr } = await laboratory.runScript(role, name);
      say(`${role}: ${name}: ${exitCode === 0 ? "passed" : "FAILED"}`);
      if (exitCode !== 0) {
        failed.push(`${role}: ${name}`);
        say(`${stdout}\n${stderr}`.trim().split("\n").slice(-shownLines).join("\n"));
      }
    }
  }
  return failed;
}
