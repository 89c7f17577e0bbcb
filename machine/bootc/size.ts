import { UsageError } from "../error/machine-error.ts";

const units: Readonly<Record<string, number>> = {
  "": 1,
  K: 2 ** 10,
  M: 2 ** 20,
  G: 2 ** 30,
  T: 2 ** 40,
};

/** Reads a size such as 20G; a number alone is bytes (podman-bootc, --disk-size). */
export function parseSize(text: string): number {
  const match = /^(\d+)([KMGT]?)$/.exec(text.toUpperCase());
  const bytes = Number(match?.[1]) * (units[match?.[2] ?? ""] ?? 1);
  if (match === null || !Number.isSafeInteger(bytes) || bytes === 0) {
    throw new UsageError(`"${text}" is not a size: expected a number with M, G or T, such as 20G.`);
  }
  return bytes;
}

/** A size of three digits in powers of 1000, as podman-bootc prints it. */
export function humanSize(bytes: number): string {
  const names = ["B", "kB", "MB", "GB", "TB", "PB"];
  let value = bytes;
  let index = 0;
  while (value >= 1000 && index < names.length - 1) {
    value /= 1000;
    index += 1;
  }
  return `${Number(value.toPrecision(3))}${names[index]}`;
}

const spans: readonly (readonly [string, number])[] = [
  ["years", 365 * 86_400],
  ["months", 30 * 86_400],
  ["weeks", 14 * 86_400],
  ["days", 2 * 86_400],
  ["hours", 2 * 3600],
  ["minutes", 2 * 60],
  ["seconds", 2],
];
const lengths: Readonly<Record<string, number>> = {
  years: 365 * 86_400,
  months: 30 * 86_400,
  weeks: 7 * 86_400,
  days: 86_400,
  hours: 3600,
  minutes: 60,
  seconds: 1,
};

/** How long ago something was, in the words of podman's lists. */
export function ago(thenMs: number, nowMs: number): string {
  const seconds = Math.floor((nowMs - thenMs) / 1000);
  if (seconds < 1) {
    return "Less than a second ago";
  }
  if (seconds >= 60 && seconds < 120) {
    return "About a minute ago";
  }
  if (seconds >= 3600 && seconds < 7200) {
    return "About an hour ago";
  }
  for (const [name, from] of spans) {
    if (seconds >= from && (name !== "years" || seconds >= 2 * from)) {
      return `${Math.floor(seconds / (lengths[name] ?? 1))} ${name} ago`;
    }
  }
  return "1 second ago";
}

const smallestDisk = 10 * 2 ** 30;
const alignment = 4096;

/** How large a machine's disk becomes: twice the image, 10 GiB or what is asked for, whichever is most. */
export function diskBytes(imageBytes: number, asked: number | undefined): number {
  const wanted = Math.max(2 * imageBytes, smallestDisk, asked ?? 0);
  return Math.ceil(wanted / alignment) * alignment;
}
