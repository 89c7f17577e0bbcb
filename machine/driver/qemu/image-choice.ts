import { cachedImage } from "../../boot-image/cached-image.ts";
import { type BootImage, findImage, isoAlone } from "../../boot-image/image.ts";
import { checkIso } from "../../boot-image/iso.ts";
import { MachineError } from "../../error/machine-error.ts";
import { changeDriver } from "../../store/change.ts";
import type { SettingsChange } from "../../store/driver-config.ts";
import type { Machine } from "../../store/machines.ts";
import type { ChosenImage, WantedImage } from "../contract/driver.ts";

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

/** The image that a person chooses for a machine, and what that changes of it. Throws when it is missing. */
export async function chooseImage(
  store: string,
  machine: Machine<"qemu">,
  wanted: WantedImage,
): Promise<ChosenImage<"qemu">> {
  const settings = wanted.rollback ? imageBefore(machine) : imageFrom(machine, wanted);
  const { config } = machine;
  const changed = { ...machine, config: { ...config, Driver: { ...config.Driver, ...settings } } };
  const { id, version } = await imageOf(store, changed);
  return { id, version, isOther: id !== config.Driver.ImageBooted, settings };
}

function imageBefore({ name, config }: Machine<"qemu">): SettingsChange<"qemu"> {
  const { ImageBefore } = config.Driver;
  if (ImageBefore === "") {
    throw new MachineError(`"${name}" has no previous image.`);
  }
  return { ImagePinned: ImageBefore };
}

function imageFrom({ config }: Machine<"qemu">, wanted: WantedImage): SettingsChange<"qemu"> {
  const { Image, Boot } = config.Driver;
  return {
    Image: wanted.image ?? (Image === "" ? wanted.usual : Image),
    ImagePinned: "",
    // An old machine's ISO gives way to kernel and initrds; its data disk is the same.
    Boot: Image === "" ? "kernel" : Boot,
  };
}

/** Notes what was booted, and what before that, so that there is something to step back to. */
export async function rememberImage(machine: Machine<"qemu">, image: BootImage): Promise<void> {
  const { ImageBooted } = machine.config.Driver;
  if (image.id !== "" && image.id !== ImageBooted) {
    await changeDriver(machine, { ImageBooted: image.id, ImageBefore: ImageBooted });
  }
}
