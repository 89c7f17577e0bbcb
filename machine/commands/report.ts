import type { Report } from "../driver/contract/driver.ts";
import type { Terminal } from "./terminal.ts";

/**
 * Tells a person how the work goes. On a terminal the stages of a boot share one line that is
 * replaced, and only a failed one stays; elsewhere each stage is a plain line.
 */
export function terminalReport(terminal: Terminal): Report {
  return {
    line: (text) => terminal.out(text),
    progress: (text) => terminal.status(text),
    warn: (text) => terminal.error(text),
    stage({ name, result, durationMs }) {
      const text = `stage ${name} ${result} ${durationMs} ms`;
      if (result === "failed") {
        terminal.error(text);
      } else if (terminal.interactive) {
        terminal.status(text);
      } else {
        terminal.out(text);
      }
    },
  };
}
