import { readFileSync } from "node:fs";
import path from "node:path";
import { parse } from "smol-toml";
import * as z from "zod";

const schema = z.strictObject({
  tests: z.record(
    z.string(),
    z.strictObject({ package: z.string(), suite: z.string(), version: z.string() }),
  ),
  tools: z.strictObject({ suite: z.string(), packages: z.array(z.string()) }),
});

/** What is fetched for the conformance tests: packages.toml. */
export type Packages = z.infer<typeof schema>;

/** Reads packages.toml. */
export function readPackages(): Packages {
  const file = path.resolve(import.meta.dirname, "../packages.toml");
  return schema.parse(parse(readFileSync(file, "utf8")));
}
