/** The kernel's messages after those that end at `lastUs`. */
export interface NewMessages {
  /** "[    5.123456] text", one a line, with the line end; "" when there are none. */
  text: string;
  lastUs: number;
}

/**
 * Takes what is new out of the kernel's whole log. Lines without a time belong to the one before.
 *
 * @param log as syslog(2) gives it: "<6>[    5.123456] text"
 */
export function newMessages(log: string, lastUs: number): NewMessages {
  const lines: string[] = [];
  let latestUs = lastUs;
  let isNew = false;
  for (const line of log.split("\n")) {
    const [, seconds, fraction, rest] = /^<\d+>\[ *(\d+)\.(\d{6})\] (.*)$/.exec(line) ?? [];
    if (seconds !== undefined) {
      const us = Number(seconds) * 1_000_000 + Number(fraction);
      isNew = us > lastUs;
      latestUs = Math.max(latestUs, us);
      if (isNew) {
        lines.push(`[${seconds.padStart(5)}.${fraction}] ${rest}`);
      }
    } else if (isNew && line !== "") {
      lines.push(line);
    }
  }
  return { text: lines.map((line) => `${line}\n`).join(""), lastUs: latestUs };
}
