import type { ChildProcess } from "node:child_process";

/** One turn of running and standing still; short beside what a guest waits for. */
const turnMs = 100;

/**
 * Lets a process run for `share` of the time only, as on a host that has eight or twelve other things to do: it is
 * stopped and continued, which needs no rights and works where control groups can't be written. The guest's clocks
 * go on meanwhile, as under a quota. Gives what ends it.
 */
export function throttle(process: ChildProcess, share: number): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isEnded = false;
  const isRunning = () => process.exitCode === null && process.signalCode === null;
  const turn = (runs: boolean): void => {
    if (isEnded || !isRunning()) {
      return;
    }
    process.kill(runs ? "SIGCONT" : "SIGSTOP");
    timer = setTimeout(() => turn(!runs), turnMs * (runs ? share : 1 - share));
  };
  turn(false);
  return () => {
    isEnded = true;
    clearTimeout(timer);
    process.kill("SIGCONT");
  };
}
