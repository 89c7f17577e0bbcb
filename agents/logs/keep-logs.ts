import { oneLine } from "../command/one-line.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { noteInitStart } from "../record/init-start.ts";
import { flushLogs } from "./flush-logs.ts";
import { ramFolder } from "./log-folders.ts";

/** So long after a line was written the logs are looked at: many lines cost one look. */
const settleMs = 5_000;
/** The kernel tells nobody of a new message, so that its log is looked at now and then. */
const kernelLogIntervalMs = 60_000;

/** Looks after the logs from now on; for the resident agent, when the boot is done. */
export function keepLogs(kernel: Kernel): void {
  const said = new Set<string>();
  let settling: ReturnType<typeof setTimeout> | undefined;
  const flush = () => {
    clearTimeout(settling);
    settling = undefined;
    tried(() => {
      for (const warning of flushLogs(kernel)) {
        // A full or failing disk stays so: once is enough.
        if (!said.has(warning)) {
          kernel.tellKernelLog(warning);
        }
        said.add(warning);
      }
    });
  };
  const tried = (call: () => void) => {
    try {
      call();
    } catch (error) {
      kernel.tellKernelLog(`logs: ${oneLine(error)}`);
    }
  };
  const settle = () => {
    settling ??= setTimeout(flush, settleMs);
  };
  tried(() => noteInitStart(kernel));
  tried(() => kernel.watchFolder(ramFolder, settle));
  setInterval(flush, kernelLogIntervalMs);
  settle();
}
