/** What a service tells of itself (sd_notify(3)), as far as it matters here. */
export interface NotifyMessage {
  isReady: boolean;
  mainPid: number | undefined;
  /** So much longer the start may take from now on. */
  extendMs: number | undefined;
  status: string | undefined;
}

const longestStatus = 200;

/** Reads one datagram, which anybody of the owner's may have sent. */
export function parseNotifyMessage(text: string): NotifyMessage {
  const values = new Map<string, string>();
  for (const line of text.split("\n")) {
    const match = /^([A-Z0-9_]{1,64})=(.*)$/.exec(line);
    if (match !== null) {
      values.set(match[1] ?? "", match[2] ?? "");
    }
  }
  const number = (key: string, digits: RegExp) => {
    const value = values.get(key) ?? "";
    return digits.test(value) ? Number(value) : undefined;
  };
  const extendUs = number("EXTEND_TIMEOUT_USEC", /^\d{1,12}$/);
  return {
    isReady: values.get("READY") === "1",
    mainPid: number("MAINPID", /^[1-9]\d{0,9}$/),
    extendMs: extendUs === undefined ? undefined : extendUs / 1000,
    status: values
      .get("STATUS")
      ?.replaceAll(/[^\x20-\x7e]/g, "?")
      .slice(0, longestStatus),
  };
}
