import { oneLine } from "../../command/one-line.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { runChecked } from "../../kernel/run-checked.ts";
import { stateFolder } from "../../kernel/state-folder.ts";
import { mebibyte } from "../../units/bytes.ts";
import type { ContainerEvent } from "../events/container-event.ts";
import type { PodmanOwner } from "../podman/podman-of.ts";

/**
 * Containers that have ended and weren't brought back, "UID ID" a line; of those that are to run unless they were
 * stopped, that is who was: Podman forgets it when the machine goes off (libpod resets
 * StoppedByUser with the rest of a container's state), and `unless-stopped` means just that.
 */
const path = `${stateFolder}/stopped-containers`;
const longestBytes = 4 * mebibyte;
const syncTimeoutMs = 600_000;
const settleMs = 200;

/** From when it is there on, containers stop because the machine goes off. */
const goingOffPath = "/run/boot2podman/going-off";

/** To be called before the shutdown stops containers. */
export function sayGoingOff(kernel: Kernel): void {
  kernel.writePlain(goingOffPath, "");
}

/** The containers of that owner that had ended when the machine went off. */
export function readStopped(kernel: Kernel, { uid }: Pick<PodmanOwner, "uid">): Set<string> {
  return new Set(
    [...readAll(kernel)].flatMap((key) => {
      const [owner, id = ""] = key.split(" ");
      return owner === String(uid) ? [id] : [];
    }),
  );
}

function readAll(kernel: Kernel): Set<string> {
  const bytes = kernel.readNoFollow(path, longestBytes) ?? new Uint8Array();
  const lines = new TextDecoder().decode(bytes).split("\n");
  return new Set(lines.filter((line) => /^\d{1,10} [0-9a-f]{64}$/.test(line)));
}

/**
 * Keeps the list by Podman's events. There is none for every stop (`podman stop` mostly leaves no "stop"), but what a
 * policy brings back at once says "died" and "restart", and what ends for good "died" and "cleanup". Containers whose
 * policy brings nothing back are listed with the others, since only Podman knows which they are.
 */
export interface StoppedContainers {
  take(owner: PodmanOwner, events: readonly ContainerEvent[]): void;
}

/** What is no list must not end the resident agent: it is replaced by the next one. */
function readAllOrNone(kernel: Kernel): Set<string> {
  try {
    return readAll(kernel);
  } catch (error) {
    kernel.tellKernelLog(
      `containers: the list of stopped containers can't be read: ${oneLine(error)}`,
    );
    return new Set();
  }
}

/** Goes on with the list that the boot before has left. */
export function keepStopped(kernel: Kernel): StoppedContainers {
  const stopped = readAllOrNone(kernel);
  const died = new Set<string>();
  let isWriting = false;
  let isWanted = false;

  /** Beside the agent's other work: flushing may take long when much else is being written. */
  const write = async (): Promise<void> => {
    isWanted = true;
    if (isWriting) {
      return;
    }
    isWriting = true;
    try {
      while (isWanted) {
        // What is removed as it ends (--rm) need not be written.
        await new Promise((resolve) => setTimeout(resolve, settleMs));
        isWanted = false;
        kernel.writeNew(`${path}.new`, [...stopped].map((key) => `${key}\n`).join(""), {
          mode: 0o600,
        });
        await runChecked(kernel, ["sync", `${path}.new`], { timeoutMs: syncTimeoutMs });
        kernel.rename(`${path}.new`, path);
        await runChecked(kernel, ["sync", stateFolder], { timeoutMs: syncTimeoutMs });
      }
    } catch (error) {
      kernel.tellKernelLog(
        `containers: the list of stopped containers can't be written: ${oneLine(error)}`,
      );
    } finally {
      isWriting = false;
    }
  };

  return {
    take({ uid }, events) {
      let isChanged = false;
      for (const { id, status } of events) {
        const key = `${uid} ${id}`;
        switch (status) {
          case "died":
            died.add(key);
            break;
          case "cleanup":
            if (died.delete(key) && !stopped.has(key) && !kernel.exists(goingOffPath)) {
              stopped.add(key);
              isChanged = true;
            }
            break;
          case "restart":
          case "init":
            died.delete(key);
            break;
          case "start":
            died.delete(key);
            isChanged = stopped.delete(key) || isChanged;
            break;
          case "remove":
            // What is gone can't come back: the file need not know at once.
            died.delete(key);
            stopped.delete(key);
            break;
          default:
            break;
        }
      }
      if (isChanged) {
        void write();
      }
    },
  };
}
