import { watch } from "node:fs";

/**
 * The end of a process that isn't our child has no event (a pidfd can't be had here), so besides
 * the events there is a look from time to time.
 */
const lookAgainMs = 500;

/**
 * Looks at once, then after every change in a folder, until there is something to return.
 * Resolves to undefined when the time is over.
 *
 * @param recheckMs how often to look when nothing changes in the folder.
 */
export function waitInFolder<T>(
  folder: string,
  look: () => Promise<T | undefined>,
  timeoutMs: number,
  recheckMs: number = lookAgainMs,
): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    let looking = false;
    let changedMeanwhile = false;
    let ended = false;
    const end = (settle: () => void) => {
      ended = true;
      watcher.close();
      clearInterval(recheck);
      clearTimeout(deadline);
      settle();
    };
    const check = async () => {
      if (looking) {
        changedMeanwhile = true;
        return;
      }
      looking = true;
      try {
        do {
          changedMeanwhile = false;
          const value = await look();
          if (value !== undefined && !ended) {
            end(() => resolve(value));
          }
        } while (changedMeanwhile && !ended);
      } catch (error) {
        if (!ended) {
          end(() => reject(error));
        }
      } finally {
        looking = false;
      }
    };
    const watcher = watch(folder, () => void check());
    // A folder that is removed while it is watched is seen by the next look.
    watcher.on("error", () => void check());
    const recheck = setInterval(() => void check(), recheckMs);
    const deadline = setTimeout(() => end(() => resolve(undefined)), timeoutMs);
    void check();
  });
}
