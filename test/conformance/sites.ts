import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import type { Result } from "../vm/harness/run.ts";
import { Guest } from "./guest/guest.ts";
import { selectedScripts, selectedTests } from "./guest/selected.ts";
import { toolsDisk } from "./guest/tools-disk.ts";
import { Laboratory, type Role, roles } from "./laboratory/laboratory.ts";
import type { Place } from "./run-files.ts";
import { materialOf, scriptNames } from "./run-scripts.ts";
import type { Cache, FetchedTests } from "./source/fetched-tests.ts";
import { makeSystemdSystem } from "./source/systemd-system.ts";
import { fetchTools } from "./source/tools.ts";

/** Where tests and scripts run, and which. */
export interface Site extends Place {
  filesFor(role: Role): string[];
  scripts: readonly string[];
  runScript(role: "root" | "user", name: string): Promise<Result>;
  /** Whether a listed test that passes is news: not where the reasons of the list are others'. */
  isListed: boolean;
  close(): Promise<void>;
}

/** All of them, in namespaces of this host. */
export async function laboratorySite(tests: FetchedTests, cache: Cache): Promise<Site> {
  const laboratory = await Laboratory.open(tests, await fetchTools(cache), cache);
  const files = readdirSync(path.join(tests.folder, "test/system"))
    .filter((name) => name.endsWith(".bats"))
    .sort();
  return {
    hasControllers: laboratory.hasControllers,
    isListed: true,
    filesFor: () => files,
    scripts: scriptNames(),
    runTests: (role, file) => laboratory.runTests(role, file),
    runScript: async (role, name) =>
      laboratory.runScript(role, name, await materialOf(name, cache)),
    close: () => laboratory.close(),
  };
}

/** The selected ones, in a virtual machine. */
export async function guestSite(tests: FetchedTests, cache: Cache): Promise<Site> {
  const tools = await fetchTools(cache);
  const laboratory = await Laboratory.open(tests, tools, cache);
  try {
    const disk = await toolsDisk(
      {
        tools,
        "tests/test": path.join(tests.folder, "test"),
        images: laboratory.images,
        systemd: await makeSystemdSystem(cache),
      },
      cache,
    );
    const names = (role: Role, file: string) =>
      namesIn(path.join(tests.folder, "test/system", file), selectedTests[role][file] ?? []);
    for (const role of roles) {
      for (const [file, selected] of Object.entries(selectedTests[role])) {
        const there = names(role, file);
        for (const name of selected.filter((one) => !there.includes(one))) {
          cache.progress.line(`Podman ${tests.version} has no test "${name}" in ${file}`);
        }
      }
    }
    const guest = await Guest.open(disk, laboratory, cache);
    return {
      hasControllers: true,
      isListed: false,
      filesFor: (role) =>
        Object.keys(selectedTests[role]).filter((file) => names(role, file).length > 0),
      scripts: selectedScripts,
      runTests: (role, file) => guest.runTests(role, file, names(role, file)),
      runScript: (role, name) => guest.runScript(role, name),
      close: async () => {
        await guest.close();
        await laboratory.close();
      },
    };
  } catch (error) {
    await laboratory.close();
    throw error;
  }
}

/** Those names that a file of tests has. */
function namesIn(file: string, names: readonly string[]): string[] {
  const text = existsSync(file) ? readFileSync(file, "utf8") : "";
  return names.filter((name) => text.includes(`@test "${name}"`));
}
