import type { NamedLicence } from "../extract/copyright.ts";

/** A licence that SPDX has no name for, with its text (SPDX 2.3, chapter 10). */
export interface ExtractedLicence {
  licenseId: string;
  name: string;
  extractedText: string;
}

/** What a package is declared to be under, in SPDX's words. */
export interface DeclaredLicence {
  /** An SPDX licence expression, or NOASSERTION. */
  expression: string;
  extracted: ExtractedLicence[];
}

/** Debian's names for what SPDX calls otherwise, and those that both have; a "+" is done by rule. */
const spdxNames: Readonly<Record<string, string>> = Object.fromEntries([
  ...[
    ...["0BSD", "AFL-2.0", "Apache-2.0", "Beerware", "BSD-2-Clause", "BSD-3-Clause", "BSL-1.0"],
    ...["bzip2-1.0.6", "CC-BY-SA-3.0", "CC-BY-SA-4.0", "CC0-1.0", "FSFAP", "FSFULLR"],
    ...["FSFULLRWD", "ISC", "Latex2e", "MIT", "MPL-2.0", "PostgreSQL", "Unicode-DFS-2016", "X11"],
    ...["Zlib"],
  ].map((name) => [name.toLowerCase(), name]),
  ["apache-2", "Apache-2.0"],
  ["bsd-4-clause-uc", "BSD-4-Clause-UC"],
  ["expat", "MIT"],
  ["apache-2.0 with llvm exception", "Apache-2.0 WITH LLVM-exception"],
  ["gpl-2 with linux-syscall-note exception", "GPL-2.0-only WITH Linux-syscall-note"],
  ["gpl-2+ with libtool exception", "GPL-2.0-or-later WITH Libtool-exception"],
  ["gpl-3+ with bison exception", "GPL-3.0-or-later WITH Bison-exception-2.2"],
]);

/**
 * Everything that a package's source declares, as one SPDX expression: which part of it the files in the image are
 * under, no file says.
 */
export function declaredLicence(
  packageName: string,
  licences: readonly NamedLicence[] | undefined,
): DeclaredLicence {
  if (licences === undefined || licences.length === 0) {
    return { expression: "NOASSERTION", extracted: [] };
  }
  const extracted = new Map<string, ExtractedLicence>();
  const texts = new Map(licences.map(({ name, text }) => [name.toLowerCase(), text]));
  const idOf = (name: string): string => {
    const known = spdxName(name);
    if (known !== undefined) {
      return known;
    }
    // Of one name, two packages may mean different texts.
    const licenseId = `LicenseRef-${sanitized(packageName)}-${sanitized(name)}`;
    const extractedText =
      texts.get(name.toLowerCase()) || `See usr/share/doc/${packageName}/copyright in the package.`;
    extracted.set(licenseId, { licenseId, name, extractedText });
    return licenseId;
  };
  const terms = new Set(licences.flatMap(({ name }) => termsOf(name, idOf)));
  return {
    expression: [...terms].sort().join(" AND "),
    extracted: [...extracted.values()],
  };
}

/** "A or B and C" means A or (B and C); where commas group otherwise, the whole is taken for one name. */
function termsOf(name: string, idOf: (name: string) => string): string[] {
  if (name.includes(",")) {
    return [idOf(name)];
  }
  const choices = name.split(/ or /i).map((choice) => choice.split(/ and /i).map(idOf));
  if (choices.length === 1) {
    return choices.flat();
  }
  return [`(${choices.map((all) => all.join(" AND ")).join(" OR ")})`];
}

function spdxName(name: string): string | undefined {
  const known = spdxNames[name.toLowerCase()];
  if (known !== undefined) {
    return known;
  }
  const [, family, version, plus] = /^(GPL|LGPL|AGPL)-([1-3](?:\.[01])?)(\+?)$/.exec(name) ?? [];
  if (family !== undefined && version !== undefined) {
    const full = version.includes(".") ? version : `${version}.0`;
    return `${family}-${full}-${plus ? "or-later" : "only"}`;
  }
  const clauses = /^BSD-([234])-clause$/i.exec(name)?.[1];
  return clauses && `BSD-${clauses}-Clause`;
}

/** SPDX's identifiers: letters, digits, "." and "-". */
function sanitized(name: string): string {
  return name.replace(/[^A-Za-z0-9.-]+/g, "-");
}
