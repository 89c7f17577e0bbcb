/** Tells a person how far the build is: whole lines for steps, one live line on a terminal. */
export interface Progress {
  /** A step begins or ends: always a line of its own. */
  line(text: string): void;
  /** How far the current step is: replaces itself on a terminal, now and then a line elsewhere. */
  live(text: string): void;
}

/** Milliseconds between two plain lines of the same live text when output isn't a terminal. */
const plainIntervalMs = 10_000;

/** Where progress is written: standard output, or what a test reads. */
export interface ProgressOutput {
  write(text: string): unknown;
  isTTY?: boolean;
  columns?: number;
}

/** Progress for the output of a program. */
export function progressOn(output: ProgressOutput, nowMs: () => number = Date.now): Progress {
  let shownAtMs = nowMs();
  if (output.isTTY) {
    return {
      line: (text) => output.write(`\r\x1b[K${text}\n`),
      live: (text) => {
        if (nowMs() - shownAtMs < 80) {
          return;
        }
        shownAtMs = nowMs();
        output.write(`\r\x1b[K${text.slice(0, (output.columns ?? 80) - 1)}`);
      },
    };
  }
  return {
    line: (text) => {
      shownAtMs = nowMs();
      output.write(`${text}\n`);
    },
    live: (text) => {
      if (nowMs() - shownAtMs < plainIntervalMs) {
        return;
      }
      shownAtMs = nowMs();
      output.write(`${text}\n`);
    },
  };
}

/** Progress that nobody sees. */
export const silent: Progress = { line: () => undefined, live: () => undefined };

/** "12.3 MB", in 10^6 bytes. */
export function megabytes(sizeBytes: number): string {
  return `${(sizeBytes / 1e6).toFixed(1)} MB`;
}
