import { existsSync, watch } from "node:fs";
import { dirname } from "node:path";
import type { Wait } from "../events.ts";
import { KernelError } from "../kernel-error.ts";
import { type Limit, startLimit } from "../quiet.ts";
import { attempt } from "./attempt.ts";
import { linuxFiles } from "./linux-files.ts";
import { listenToUevents } from "./uevent-socket.ts";

/** See Events. Listens before it looks, so that nothing slips through between. */
export function waitForDevice<T>(find: () => T | undefined, wait: Wait): Promise<T> {
  return waitUntil(find, wait, (look) => listenToUevents({ onEvent: look, onLost: look }).close);
}

/** See Events. */
export async function waitForPath(path: string, timeoutMs: Limit): Promise<void> {
  const find = () => (existsSync(path) ? true : undefined);
  await waitUntil(find, { what: path, timeoutMs }, (look) => {
    const watcher = attempt("watch", dirname(path), () => watch(dirname(path), look));
    return () => watcher.close();
  });
}

function waitUntil<T>(
  find: () => T | undefined,
  wait: Wait,
  listen: (look: () => void) => () => void,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      limit.stop();
      stopListening();
    };
    const look = () => {
      try {
        const found = find();
        if (found === undefined) {
          return;
        }
        stop();
        resolve(found);
      } catch (error) {
        stop();
        reject(error);
      }
    };
    const startedMs = performance.now();
    const limit = startLimit(linuxFiles, wait.timeoutMs, () => {
      stop();
      const detail = `not there after ${Math.round(performance.now() - startedMs)} ms`;
      reject(new KernelError("wait for", wait.what, "ETIMEDOUT", { detail }));
    });
    const stopListening = listen(look);
    look();
  });
}
