import { readFileSync } from "node:fs";
import path from "node:path";

const page = path.resolve(import.meta.dirname, "../../docs/fleet.md");

/**
 * The example of docs/fleet.md that begins so, with words changed: what people copy is what is run.
 * @throws when the page has no such example, or the example a word that is to be changed.
 */
export function documented(start: string, changes: Readonly<Record<string, string>>): string {
  const blocks = [...readFileSync(page, "utf8").matchAll(/^```\w*\n([\s\S]*?)^```$/gm)];
  let text = blocks.map(([, block = ""]) => block).find((block) => block.startsWith(start));
  if (text === undefined) {
    throw new Error(`${page} has no example that begins with ${start}`);
  }
  for (const [word, other] of Object.entries(changes)) {
    if (!text.includes(word)) {
      throw new Error(`${page}: the example that begins with ${start} has no ${word}`);
    }
    text = text.replaceAll(word, () => other);
  }
  return text;
}
