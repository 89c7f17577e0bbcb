import { MachineError } from "../error/machine-error.ts";
import { loadMachine, machineNames } from "./machines.ts";
import { findTemplate, templateNames } from "./templates.ts";

/** The ids of all images that a machine or template of the store runs, has run before, or is bound to. */
export async function imagesInUse(store: string): Promise<string[]> {
  const ids: string[] = [];
  for (const name of await machineNames(store)) {
    try {
      const { config } = await loadMachine(store, name);
      if (config.DriverName === "qemu") {
        const { ImageBooted, ImageBefore, ImagePinned } = config.Driver;
        ids.push(ImageBooted, ImageBefore, ImagePinned);
      }
    } catch (error) {
      // A machine without a sound config can't be started, so it needs no image.
      if (!(error instanceof MachineError)) {
        throw error;
      }
    }
  }
  for (const name of await templateNames(store)) {
    try {
      ids.push((await findTemplate(store, name))?.imageId ?? "");
    } catch (error) {
      if (!(error instanceof MachineError)) {
        throw error;
      }
    }
  }
  return ids.filter((id) => id !== "");
}
