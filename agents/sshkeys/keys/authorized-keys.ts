import { oneLine } from "../../command/one-line.ts";
import { isKeyType, type PublicKey, parsePublicKey } from "./public-key.ts";

/** A line of authorized_keys that opens the door. */
export interface AuthorizedKey {
  key: PublicKey;
  /** As written, empty when there are none. */
  options: string;
  comment: string;
}

/** What a file of authorized_keys grants. */
export interface ParsedAuthorizedKeys {
  /** In their order, each key once. */
  keys: readonly AuthorizedKey[];
  /** What is wrong with each line that is left out. */
  warnings: readonly string[];
}

const flagOptions = new Set(
  [
    ["agent-forwarding", "cert-authority", "no-agent-forwarding", "no-port-forwarding", "no-pty"],
    ["no-touch-required", "no-user-rc", "no-x11-forwarding", "port-forwarding", "pty", "restrict"],
    ["user-rc", "verify-required", "x11-forwarding"],
  ].flat(),
);
const valueOptions = new Set(
  [
    ["command", "environment", "expiry-time", "from", "permitlisten", "permitopen", "principals"],
    ["tunnel"],
  ].flat(),
);

/**
 * Reads authorized_keys, whose language goes by lines (sshd(8), AUTHORIZED_KEYS FILE FORMAT). The mark that editors of
 * Windows put in front of a text (a BOM) is none of it. Never throws.
 */
export function parseAuthorizedKeys(text: string): ParsedAuthorizedKeys {
  const keys = new Map<string, AuthorizedKey>();
  const warnings: string[] = [];
  for (const [index, raw] of text
    .replace(/^\uFEFF/, "")
    .split("\n")
    .entries()) {
    // Blanks as sshd knows them: with another one in front it doesn't find the key.
    const line = raw.replace(/^[ \t]+/, "").replace(/[ \t\r]+$/, "");
    if (line === "" || line.startsWith("#")) {
      continue;
    }
    try {
      const parsed = parseLine(line);
      if (!keys.has(parsed.key.base64)) {
        keys.set(parsed.key.base64, parsed);
      }
    } catch (error) {
      const why = oneLine(error);
      warnings.push(`line ${index + 1} (${nameOf(line)}): ${why}`);
    }
  }
  return { keys: [...keys.values()], warnings };
}

/** The line as it goes into another authorized_keys. */
export function authorizedLine({ key, options, comment }: AuthorizedKey): string {
  return [options, key.type, key.base64, comment].filter((part) => part !== "").join(" ");
}

function parseLine(line: string): AuthorizedKey {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
  if (/[\x00-\x08\x0b-\x1f\x7f]/.test(line)) {
    throw new Error("control characters in it");
  }
  const options = isKeyType(firstWord(line)) || isOldType(firstWord(line)) ? "" : optionsOf(line);
  const [type = "", base64 = "", ...comment] = line
    .slice(options.length)
    .trim()
    .split(/[ \t]+/);
  return { key: parsePublicKey(type, base64), options, comment: comment.join(" ") };
}

/** Options reach to the first blank outside quotes. */
function optionsOf(line: string): string {
  const options = /^(?:[^\s"]|"(?:\\"|[^"])*")+/.exec(line)?.[0] ?? "";
  for (const option of splitOptions(options)) {
    const [name = "", value] = option.split(/=(.*)/s);
    const known = name.toLowerCase();
    if (flagOptions.has(known) && value === undefined) {
      continue;
    }
    if (valueOptions.has(known) && value !== undefined && /^"(?:\\"|[^"])*"$/.test(value)) {
      continue;
    }
    throw new Error(`${JSON.stringify(option.slice(0, 40))} is neither a key type nor an option`);
  }
  return options;
}

function splitOptions(options: string): string[] {
  return options.match(/(?:[^,"]|"(?:\\"|[^"])*")+/g) ?? [""];
}

function firstWord(line: string): string {
  return line.split(/[ \t]/, 1)[0] ?? "";
}

function isOldType(word: string): boolean {
  return word === "ssh-dss";
}

/** The comment, by which people know a key; else its start. */
function nameOf(line: string): string {
  const words = line.split(/[ \t]+/);
  const last = words.length > 2 ? (words.at(-1) ?? "") : (words[0] ?? "");
  return JSON.stringify(last.slice(0, 40));
}
