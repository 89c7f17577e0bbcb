import { readFileSync } from "node:fs";

/** The table that ./setup reads too. */
const TABLE = new URL("host-packages.txt", import.meta.url);

/** The table's text, which the compiler puts into a program of its own: that has no files beside it. */
declare const hostPackagesText: string | undefined;

/** A program or file of the host that the project needs. */
export interface HostNeed {
  /** What needs it, as the table's comments say. */
  readonly purpose: string;
  /** A program's name, or a file's whole path. */
  readonly wanted: string;
  /** Debian's name of the package that brings it. */
  readonly debianPackage: string;
}

/** All rows of the table. */
export function hostNeeds(): HostNeed[] {
  const text =
    typeof hostPackagesText === "string" ? hostPackagesText : readFileSync(TABLE, "utf8");
  return text.split("\n").flatMap((line) => {
    const [purpose = "", wanted, debianPackage] = line.trim().split(/\s+/);
    return purpose.startsWith("#") || !wanted || !debianPackage
      ? []
      : [{ purpose, wanted, debianPackage }];
  });
}

/** Debian's package to install for a program; undefined for a program that isn't in the table. */
export function packageOf(program: string): string | undefined {
  return hostNeeds().find(({ wanted }) => wanted === program)?.debianPackage;
}
