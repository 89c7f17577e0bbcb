const escapes: Readonly<Record<string, string>> = {
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "\\": "\\",
  '"': '"',
  "'": "'",
  s: " ",
};

/** Bytes by number: \x41, \101, \u0041, \U00000041. */
const numbered = [
  { form: /^x([0-9a-fA-F]{2})/, base: 16 },
  { form: /^([0-7]{3})/, base: 8 },
  { form: /^u([0-9a-fA-F]{4})/, base: 16 },
  { form: /^U([0-9a-fA-F]{8})/, base: 16 },
];

/**
 * Splits a value into words: at white space, with quotes and C escapes (systemd.syntax(7), "Quoting"). A word that is a
 * lone ";" is given as undefined: it separates commands. Throws an Error for a quote that isn't closed, and for an
 * escape that there isn't.
 */
export function splitWords(value: string): (string | undefined)[] {
  const words: (string | undefined)[] = [];
  let at = 0;
  while (at < value.length) {
    if (isSpace(value[at])) {
      at += 1;
      continue;
    }
    const word = wordAt(value, at);
    const isSeparator = value.slice(at, word.end) === ";";
    words.push(isSeparator ? undefined : word.text);
    at = word.end;
  }
  return words;
}

function wordAt(value: string, start: number): { text: string; end: number } {
  let text = "";
  let quote: string | undefined;
  let at = start;
  for (; at < value.length; at += 1) {
    const char = value[at] ?? "";
    if (char === "\\") {
      const { char: meant, length } = escapeAt(value, at + 1);
      text += meant;
      at += length;
    } else if (quote !== undefined) {
      if (char === quote) {
        quote = undefined;
      } else {
        text += char;
      }
    } else if (char === '"' || char === "'") {
      quote = char;
    } else if (isSpace(char)) {
      break;
    } else {
      text += char;
    }
  }
  if (quote !== undefined) {
    throw new Error(`a quote (${quote}) isn't closed`);
  }
  return { text, end: at };
}

function escapeAt(value: string, at: number): { char: string; length: number } {
  const next = value[at];
  const simple = next === undefined ? undefined : escapes[next];
  if (next !== undefined && simple !== undefined && Object.hasOwn(escapes, next)) {
    return { char: simple, length: 1 };
  }
  // "\;" is a word that separates nothing (systemd.service(5), "Command lines").
  if (next === ";") {
    return { char: ";", length: 1 };
  }
  const rest = value.slice(at, at + 9);
  for (const { form, base } of numbered) {
    const match = form.exec(rest);
    const code = Number.parseInt(match?.[1] ?? "", base);
    if (match !== null && code > 0 && code <= 0x10ffff) {
      return { char: String.fromCodePoint(code), length: match[0].length };
    }
  }
  throw new Error(`\\${next ?? ""} is no escape`);
}

function isSpace(char: string | undefined): boolean {
  return char === " " || char === "\t" || char === "\n" || char === "\r";
}
