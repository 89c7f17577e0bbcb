import { readFileSync } from "node:fs";
import { join } from "node:path";

/** Recorded by `npm run first-touched`: the files of /usr that a boot and first containers read, in that order. */
const listPath = join(import.meta.dirname, "first-touched.txt");

/**
 * The files that boots and first containers read, in the order in which these touch them first; below usr, as
 * `generalPath` names them.
 */
export function firstTouched(): string[] {
  return readFileSync(listPath, "utf8")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));
}

/** A path below usr without the kernel's version and the processor, so that a list holds for the next kernel too. */
export function generalPath(path: string): string {
  return path
    .replace(/^lib\/modules\/[^/]+\//, "lib/modules/*/")
    .replace(/^lib\/[^/]+-linux-gnu\//, "lib/*-linux-gnu/");
}
