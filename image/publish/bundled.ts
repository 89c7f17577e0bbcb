import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { sourceFiles } from "../cache/sources.ts";
import { BuildError } from "../report/build-error.ts";
import type { BundledPackage } from "./sbom.ts";

const packageLockSchema = z.object({
  packages: z.record(
    z.string(),
    z.object({ version: z.string().optional(), license: z.string().optional() }),
  ),
});

/**
 * The npm packages compiled into the agents: Bun itself, and what their sources import.
 * @throws BuildError for an import that package-lock.json doesn't pin.
 */
export function bundledPackages(repository: string): BundledPackage[] {
  const path = join(repository, "package-lock.json");
  const lock = packageLockSchema.parse(JSON.parse(readFileSync(path, "utf8")));
  const names = sourceFiles(join(repository, "agents")).flatMap(({ text }) =>
    importedPackages(text),
  );
  return [...new Set(["bun", ...names])].sort().map((name) => {
    const { version, license } = lock.packages[`node_modules/${name}`] ?? {};
    if (version !== undefined) {
      return { name, version, licence: license };
    }
    throw new BuildError(`the agents import ${name}, which ${path} doesn't pin`);
  });
}

/** Names of the npm packages that a source imports. */
export function importedPackages(source: string): string[] {
  const imports = source.matchAll(/^(?:import|export)[^;]*?from "([^"]+)"/gm);
  return [...imports].flatMap(([, specifier = ""]) => {
    if (/^(\.|node:|bun:|bun$)/.test(specifier)) {
      return [];
    }
    const [, name] = /^(@[^/]+\/[^/]+|[^/]+)/.exec(specifier) ?? [];
    return name ? [name] : [];
  });
}
