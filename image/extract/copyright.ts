import * as z from "zod";

/** A licence as a package's own file names it, with its text where that stands there. */
export interface NamedLicence {
  /** Debian's words: "GPL-2+", "Expat or Apache-2.0". */
  name: string;
  text: string;
}

/** Named licences as the cache keeps them. */
export const namedLicencesSchema = z.array(z.object({ name: z.string(), text: z.string() }));

const format = /^Format: *\S*copyright-format\/1\.0/im;

/**
 * The licences that usr/share/doc/PACKAGE/copyright names, each once, in the order of their names; undefined for a
 * text that isn't in Debian's machine-readable format 1.0 (debian.org/doc/packaging-manuals/copyright-format).
 */
export function namedLicences(copyright: string): NamedLicence[] | undefined {
  if (!format.test(copyright)) {
    return undefined;
  }
  const texts = new Map<string, string>();
  for (const paragraph of copyright.split(/\n[ \t]*\n/)) {
    const field = /^License:[ \t]*(.*(?:\n[ \t].*)*)/im.exec(paragraph)?.[1];
    if (field === undefined) {
      continue;
    }
    const [first = "", ...lines] = field.split("\n");
    const name = first.trim().replace(/\s+/g, " ");
    // A point alone stands for an empty line.
    const text = lines.map((line) => line.trim().replace(/^\.$/, "")).join("\n");
    if (name !== "" && !texts.get(name)) {
      texts.set(name, text);
    }
  }
  return [...texts]
    .map(([name, text]) => ({ name, text }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}
