import { stat } from "node:fs/promises";
import { type BootImage, imageMissing } from "./image.ts";

/** Throws unless the image has its ISO. */
export async function checkIso(image: BootImage): Promise<void> {
  try {
    await stat(image.iso);
  } catch (error) {
    throw imageMissing(image.folder, "no boot2podman.iso", error);
  }
}
