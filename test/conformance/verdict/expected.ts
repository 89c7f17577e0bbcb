import { readFileSync } from "node:fs";
import path from "node:path";
import { parse } from "smol-toml";
import * as z from "zod";

/**
 * Why a test needn't pass:
 * - `tests`: the test is wrong for this Podman, such as one of an older Podman's that looks for other words
 * - `laboratory`: what it needs is no part of the laboratory or this host, such as the Internet
 * - `decided`: this system decides otherwise, and its documents say so
 * - `fault`: it ought to pass, and doesn't yet
 */
const because = z.enum(["tests", "laboratory", "decided", "fault"]);

const schema = z.strictObject({
  /** What tests may say when they skip themselves: a regular expression, and why that is right here. */
  skips: z.array(z.strictObject({ says: z.string(), reason: z.string().min(1) })).default([]),
  fails: z
    .array(
      z.strictObject({
        file: z.string(),
        test: z.string(),
        /** As whom it fails; all of them by default. */
        as: z.array(z.enum(["root", "user", "remote"])).default(["root", "user", "remote"]),
        because,
        reason: z.string().min(1),
        /** Sometimes it passes: that is no news. */
        sometimes: z.boolean().default(false),
        /** Only where this host's control groups are no part of cgroup v2. */
        without: z.literal("controllers").optional(),
      }),
    )
    .default([]),
});

/** What is known about tests that don't pass. */
export type Expected = z.infer<typeof schema>;
/** A test that is known to fail. */
export type ExpectedFailure = Expected["fails"][number];

/** The list for the tests of that Podman, such as "4.3.1"; an empty one when there is none yet. */
export function readExpected(version: string, read = readList): Expected {
  const text = read(version);
  return schema.parse(text === undefined ? {} : parse(text));
}

function readList(version: string): string | undefined {
  const file = path.resolve(import.meta.dirname, `../expected/${version}.toml`);
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") {
      return undefined;
    }
    throw error;
  }
}
