import { UsageError } from "../error/machine-error.ts";

/** Text as it stands, or the words between {{ and }}. */
export type Token =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "action"; readonly words: readonly string[] };

/** Strings, := and =, brackets and pipes, or anything up to the next of them. */
const word = /\s*("(?:[^"\\]|\\.)*"|`[^`]*`|:=|[=|(),]|[^\s"`|(),=:]+)/y;

/** Takes a template apart. `{{-` and `-}}` eat the space beside them, comments all of themselves. */
export function tokens(template: string): Token[] {
  const found: Token[] = [];
  let rest = template;
  let trimNext = false;
  for (;;) {
    const start = rest.indexOf("{{");
    const before = start < 0 ? rest : rest.slice(0, start);
    const trimsBefore = start >= 0 && /^\{\{-\s/.test(rest.slice(start));
    const text = trimmed(before, trimNext, trimsBefore);
    if (text !== "") {
      found.push({ kind: "text", text: text });
    }
    if (start < 0) {
      return found;
    }
    const end = actionEnd(rest, start + 2);
    const inside = rest.slice(start + (trimsBefore ? 3 : 2), end);
    trimNext = /\s-$/.test(inside);
    const body = trimNext ? inside.slice(0, -1) : inside;
    if (!/^\s*\/\*/.test(body)) {
      found.push({ kind: "action", words: words(body) });
    }
    rest = rest.slice(end + 2);
  }
}

function trimmed(text: string, atStart: boolean, atEnd: boolean): string {
  const first = atStart ? text.trimStart() : text;
  return atEnd ? first.trimEnd() : first;
}

/** Where the }} of an action stands: not inside of a string. */
function actionEnd(text: string, start: number): number {
  const skip = /"(?:[^"\\]|\\.)*"|`[^`]*`|\}\}|./gs;
  skip.lastIndex = start;
  for (let match = skip.exec(text); match !== null; match = skip.exec(text)) {
    if (match[0] === "}}") {
      return match.index;
    }
  }
  throw new UsageError("The template is incomplete: a }} is missing.");
}

function words(body: string): string[] {
  const found: string[] = [];
  const text = body.trimEnd();
  word.lastIndex = 0;
  while (word.lastIndex < text.length) {
    const at = word.lastIndex;
    const match = word.exec(text);
    if (match?.[1] === undefined) {
      throw new UsageError(
        `The template has ${JSON.stringify(text.slice(at).trim())} where it is not allowed.`,
      );
    }
    found.push(match[1]);
  }
  return found;
}
