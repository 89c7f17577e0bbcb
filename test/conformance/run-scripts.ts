import { readdirSync } from "node:fs";
import path from "node:path";
import type { Result } from "../vm/harness/run.ts";
import type { Cache } from "./source/fetched-tests.ts";
import { installNpmClients } from "./source/npm-clients.ts";
import { makeSystemdSystem } from "./source/systemd-system.ts";
import { fetchVarlinkctl } from "./source/varlinkctl.ts";

/** What of a failed script's trace is shown. */
const shownLines = 25;

/** What scripts need besides the tools: made when such a script runs, and kept in the cache; a folder's path. */
const materials: Record<string, (cache: Cache) => Promise<string>> = {
  "systemd.sh": makeSystemdSystem,
  "npm-clients.sh": installNpmClients,
  "varlink.sh": fetchVarlinkctl,
};

/** The scripts of other programs and of what Podman is used for: names of files in scripts/. */
export function scriptNames(): string[] {
  return readdirSync(path.join(import.meta.dirname, "scripts")).sort();
}

/** What a script needs besides the tools, if anything: a folder in the cache. */
export async function materialOf(name: string, cache: Cache): Promise<string | undefined> {
  return await materials[name]?.(cache);
}

/** Runs scripts as root and as the user; gives those that failed. */
export async function runScripts(
  names: readonly string[],
  runScript: (role: "root" | "user", name: string) => Promise<Result>,
  say: (line: string) => void,
): Promise<string[]> {
  const failed: string[] = [];
  for (const name of names) {
    for (const role of ["root", "user"] as const) {
      const { exitCode, stdout, stderr } = await runScript(role, name);
      say(`${role}: ${name}: ${exitCode === 0 ? "passed" : "FAILED"}`);
      if (exitCode !== 0) {
        failed.push(`${role}: ${name}`);
        say(`${stdout}\n${stderr}`.trim().split("\n").slice(-shownLines).join("\n"));
      }
    }
  }
  return failed;
}
