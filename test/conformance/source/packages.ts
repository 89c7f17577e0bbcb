import { readFileSync } from "node:fs";
import path from "node:path";
import { parse } from "smol-toml";
import * as z from "zod";

const packageList = z.strictObject({ suite: z.string(), packages: z.array(z.string()) });

const schema = z.strictObject({
  tests: z.record(
    z.string(),
    z.strictObject({ package: z.string(), suite: z.string(), version: z.string() }),
  ),
  tools: packageList,
  systemd: packageList,
  varlinkctl: packageList,
});

/** What is fetched for the conformance tests: packages.toml. */
export type Packages = z.infer<typeof schema>;

/** Debian packages by their names, of one suite. */
export type PackageList = z.infer<typeof packageList>;

/** Reads packages.toml. */
export function readPackages(): Packages {
  const file = path.resolve(import.meta.dirname, "../packages.toml");
  return schema.parse(parse(readFileSync(file, "utf8")));
}
