import { UsageError } from "../command/command.ts";

/** What the letters of Tiny Core's tce-load ask for. */
export interface TceLoad {
  names: string[];
  /** -w */
  isDownloaded: boolean;
  /** -i */
  isLoaded: boolean;
  /** -c: from RAM, so that its medium may go. */
  isCopied: boolean;
  /** Whether the boot loads it too: as it does what was downloaded and loaded, without -l and -o. */
  isOnboot: boolean;
  isQuiet: boolean;
}

const usage = "expected tce-load [-i -w -wi -wo -wil -ic -wic -wicl]{s} NAME…";

/** Reads the words of tce-load. */
export function parseTceLoad(words: readonly string[]): TceLoad {
  const letters = words
    .filter((word) => word.startsWith("-"))
    .join("")
    .replaceAll("-", "");
  const names = words.filter((word) => !word.startsWith("-"));
  if (!/^[iwclso]+$/.test(letters) || !/[iwl]/.test(letters) || names.length === 0) {
    throw new UsageError(usage);
  }
  const has = (letter: string) => letters.includes(letter);
  const isLoaded = has("i") || (has("l") && !has("w"));
  return {
    names: names.map((name) => name.replace(/^.*\/(?=[^/]+$)/, "").replace(/\.(tcz|raw)$/, "")),
    isDownloaded: has("w"),
    isLoaded,
    isCopied: has("c"),
    isOnboot: has("w") && isLoaded && !has("l") && !has("o"),
    isQuiet: has("s"),
  };
}
