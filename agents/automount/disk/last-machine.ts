import { type Flavour, stateOnDisk } from "../../flavour/flavour.ts";
import type { Kernel } from "../../kernel/kernel.ts";

const noteName = "last-machine";
const maxNoteBytes = 100;
const productUuid = "/sys/class/dmi/id/product_uuid";

/** What the firmware says distinguishes this machine from others; undefined where it says nothing. */
export function machineId(kernel: Kernel): string | undefined {
  const id = kernel.readTextIfPresent(productUuid)?.trim().toLowerCase() ?? "";
  return /^[0-9a-f-]{36}$/.test(id) ? id : undefined;
}

/** Notes on the data disk which machine uses it; writes only when that is news. Undefined when it isn't. */
export function noteMachine(
  kernel: Kernel,
  folder: string,
  flavour: Flavour,
  machine: string,
): string | undefined {
  if (readLastMachine(kernel, folder, flavour) === machine) {
    return undefined;
  }
  kernel.withFolderBeneath(folder, stateOnDisk(flavour), (state) =>
    kernel.writeAtomic(`${state}/${noteName}`, `${machine}\n`, { mode: 0o644 }),
  );
  return machine;
}

/** The note of a data filesystem that is mounted at `folder`; undefined when there is none. */
export function readLastMachine(
  kernel: Kernel,
  folder: string,
  flavour: Flavour,
): string | undefined {
  const state = stateOnDisk(flavour);
  if (kernel.lstat(`${folder}/${state}`) === undefined) {
    return undefined;
  }
  return kernel.withFolderBeneath(folder, state, (path) => {
    // Anything else than a note tells nothing, and keeps no disk from being used.
    const isNote = kernel.lstat(`${path}/${noteName}`)?.kind === "file";
    const bytes = isNote ? kernel.readNoFollow(`${path}/${noteName}`, maxNoteBytes) : undefined;
    return bytes && Buffer.from(bytes).toString("latin1").trim();
  });
}
