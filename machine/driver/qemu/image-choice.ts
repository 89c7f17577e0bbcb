import { cachedImage } from "../../boot-image/cached-image.ts";
import { type BootImage, findImage, isoAlone } from "../../boot-image/image.ts";
import { checkIso } from "../../boot-image/iso.ts";
import { changeDriver } from "../../store/change.ts";
import type { Machine } from "../../store/machines.ts";

/** The image that a machine boots at its next start. Throws when it is missing. */
export async function imageOf(store: string, machine: Machine<"qemu">): Promise<BootImage> {
  const { Image, ImagePinned, Boot } = machine.config.Driver;
  if (ImagePinned !== "") {
    return cachedImage(store, ImagePinned);
  }
  const image = Image === "" ? isoAlone(machine.files.folder) : await findImage(Image);
  if (Boot === "iso" || image.id === "") {
    await checkIso(image);
  }
  return image;
}

/** Notes what was booted, and what before that, so that there is something to step back to. */
export async function rememberImage(machine: Machine<"qemu">, image: BootImage): Promise<void> {
  const { ImageBooted } = machine.config.Driver;
  if (image.id !== "" && image.id !== ImageBooted) {
    await changeDriver(machine, { ImageBooted: image.id, ImageBefore: ImageBooted });
  }
}
