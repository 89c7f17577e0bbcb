import { constants } from "node:os";

/** Names of exit statuses (systemd.exec(5), "Process exit codes") as far as they are in use. */
const names: Readonly<Record<string, number>> = {
  SUCCESS: 0,
  FAILURE: 1,
  USAGE: 64,
  DATAERR: 65,
  NOINPUT: 66,
  UNAVAILABLE: 69,
  SOFTWARE: 70,
  TEMPFAIL: 75,
  CONFIG: 78,
};

/** "1 2 SIGKILL TEMPFAIL": numbers, names, and signals, which count as 128 and their number. Throws an Error for others. */
export function readStatuses(text: string): ReadonlySet<number> {
  const words = text.split(/\s+/).filter((word) => word !== "");
  return new Set(words.map(statusOf));
}

function statusOf(word: string): number {
  if (/^\d{1,3}$/.test(word) && Number(word) < 256) {
    return Number(word);
  }
  const signals: Readonly<Record<string, number>> = constants.signals;
  const found = Object.hasOwn(names, word)
    ? names[word]
    : Object.hasOwn(signals, word)
      ? 128 + (signals[word] ?? 0)
      : undefined;
  if (found === undefined) {
    throw new Error(`"${word}" is no exit status and no signal`);
  }
  return found;
}
