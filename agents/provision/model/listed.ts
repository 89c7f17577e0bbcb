const longestName = 40;
const mostNames = 20;

/** Names out of a file in one line for people: each once, printable, and not without end. */
export function listed(names: readonly string[]): string {
  const shown = [...new Set(names)].map((name) =>
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
    name.replaceAll(/[\x00-\x1f\x7f-\x9f\u2028\u2029]+/g, " ").slice(0, longestName),
  );
  const more = shown.length - mostNames;
  return [...shown.slice(0, mostNames), ...(more > 0 ? [`${more} more`] : [])].join(", ");
}
