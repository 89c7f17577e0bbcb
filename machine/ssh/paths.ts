/**
 * A file's path as ssh reads it back: it expands %-tokens in paths (ssh_config(5), TOKENS) and splits values at
 * spaces, unless they are in quotes, where a backslash goes before another quote.
 */
export function quotedPath(path: string): string {
  return `"${path.replaceAll("%", "%%").replaceAll(/["\\]/g, "\\$&")}"`;
}
