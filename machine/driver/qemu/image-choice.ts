import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { cachedImage, cachedIso } from "../../boot-image/cached-image.ts";
import { type BootImage, findImage, isoAlone } from "../../boot-image/image.ts";
import { checkIso } from "../../boot-image/iso.ts";
import { type KernelFiles, kernelFiles, kernelFilesAtOnce } from "../../boot-image/kernel-files.ts";
import { importArchive, namesArchive } from "../../boot-image/machine-archive.ts";
import { MachineError } from "../../error/machine-error.ts";
import { changeDriver } from "../../store/change.ts";
import type { SettingsChange } from "../../store/driver-config.ts";
import type { Machine } from "../../store/machines.ts";
import type { ChosenImage, Report, WantedImage } from "../contract/driver.ts";
import { architectureOf } from "./architecture.ts";
import { checkQemuVersion, readQemuVersion } from "./version.ts";

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

/** The QEMU that runs a machine. */
export function programOf(machine: Machine<"qemu">, image: BootImage): string {
  const { Program } = machine.config.Driver;
  return Program === "" ? architectureOf(image.architecture).program : Program;
}

/** An image that can be booted: its files were compared with their hashes, and lie where no build replaces them. */
export interface CheckedImage {
  readonly image: BootImage;
  readonly files:
    | { readonly kind: "iso"; readonly iso: string }
    | ({ readonly kind: "kernel" } & KernelFiles);
  /** Throws when it isn't whole, where that is still to be looked at. */
  readonly checkWhole?: (() => Promise<void>) | undefined;
}

/** Checks the image that a machine boots at its next start, and lays it into the cache. Throws when it isn't whole. */
export async function checkedImage(
  store: string,
  machine: Machine<"qemu">,
  report: Report,
): Promise<CheckedImage> {
  const image = await imageOf(store, machine);
  if (image.id === "") {
    return { image, files: { kind: "iso", iso: image.iso } };
  }
  await mkdir(join(store, "cache"), { recursive: true, mode: 0o700 });
  const files = await kernelFiles(store, image, (text) => report.warn(text));
  if (machine.config.Driver.Boot === "iso") {
    return { image, files: { kind: "iso", iso: await cachedIso(store, image) } };
  }
  return { image, files: { kind: "kernel", ...files } };
}

/**
 * The image of a template, which the cache has. Whether it is whole has to be asked, and awaited before the guest runs;
 * it takes long enough to be asked when there is nothing else to do.
 */
export async function templateImage(store: string, imageId: string): Promise<CheckedImage> {
  const image = await cachedImage(store, imageId);
  const { files, checkWhole } = await kernelFilesAtOnce(store, image);
  return { image, files: { kind: "kernel", ...files }, checkWhole };
}

/**
 * The image that a person chooses for a machine, and what that changes of it. Throws when it isn't whole, or this
 * host can't run it: the machine is as it was then, and may go on running.
 */
export async function chooseImage(
  store: string,
  machine: Machine<"qemu">,
  wanted: WantedImage,
  report: Report,
): Promise<ChosenImage<"qemu">> {
  const settings = wanted.rollback
    ? await imageBefore(store, machine)
    : await imageFrom(store, machine, wanted, report);
  const { config } = machine;
  const changed = { ...machine, config: { ...config, Driver: { ...config.Driver, ...settings } } };
  const { image } = await checkedImage(store, changed, report);
  const program = programOf(changed, image);
  checkQemuVersion(program, await readQemuVersion(program));
  const { Image, ImagePinned, Boot, ImageBooted } = config.Driver;
  const isStillThere = ImageBooted === "" || (await chosenId(store, machine)) === ImageBooted;
  return {
    id: image.id,
    version: image.version,
    isOther: image.id !== ImageBooted,
    settings,
    // The folder may hold something else by now: what ran is in the cache.
    wayBack: { Image, Boot, ImagePinned: isStillThere ? ImagePinned : ImageBooted },
  };
}

/**
 * The image that ran last: the one before, or where another has been chosen that never ran, such as one that can't be
 * started, the machine's latest.
 */
async function imageBefore(
  store: string,
  machine: Machine<"qemu">,
): Promise<SettingsChange<"qemu">> {
  const { ImageBooted, ImageBefore } = machine.config.Driver;
  const last = (await chosenId(store, machine)) === ImageBooted ? ImageBefore : ImageBooted;
  if (last === "") {
    throw new MachineError(`"${machine.name}" has no previous image.`);
  }
  return { ImagePinned: last };
}

/** Undefined when what was chosen can't be read. */
async function chosenId(store: string, machine: Machine<"qemu">): Promise<string | undefined> {
  try {
    return (await imageOf(store, machine)).id;
  } catch (error) {
    if (error instanceof MachineError) {
      return undefined;
    }
    throw error;
  }
}

async function imageFrom(
  store: string,
  { name, config }: Machine<"qemu">,
  wanted: WantedImage,
  report: Report,
): Promise<SettingsChange<"qemu">> {
  const { Image, Boot } = config.Driver;
  if (wanted.image !== undefined && namesArchive(wanted.image)) {
    if (Boot === "iso" && Image !== "") {
      throw new MachineError(
        `"${name}" boots from the ISO, which the archive ${wanted.image} doesn't have: name the folder of an image.`,
      );
    }
    const id = await importArchive(store, wanted.image, report);
    return { Image: "", ImagePinned: id, Boot: "kernel" };
  }
  return {
    Image: wanted.image ?? (Image === "" ? wanted.usual : Image),
    ImagePinned: "",
    // An old machine's ISO gives way to kernel and initrds; its data disk is the same.
    Boot: Image === "" ? "kernel" : Boot,
  };
}

/** Does work with the machine's image; when that can't be had, the error says how to boot the one that ran last. */
export async function withWayBack<T>(machine: Machine<"qemu">, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { ImageBooted, ImagePinned } = machine.config.Driver;
    if (!(error instanceof MachineError) || ImageBooted === "" || ImageBooted === ImagePinned) {
      throw error;
    }
    throw new MachineError(
      `${error.message} To boot the image that ran last: podman-machine upgrade --rollback ${machine.name}`,
      { cause: error },
    );
  }
}

/**
 * Notes what was booted, and what before that, so that there is something to step back to.
 *
 * @param wasReady whether what was booted last became ready: an image that didn't is nothing to step back to.
 */
export async function rememberImage(
  machine: Machine<"qemu">,
  image: BootImage,
  wasReady: boolean,
): Promise<void> {
  const { ImageBooted, ImageBefore } = machine.config.Driver;
  if (image.id === "" || image.id === ImageBooted) {
    return;
  }
  const isNoWayBack = !wasReady && ImageBefore !== "" && ImageBefore !== image.id;
  await changeDriver(machine, {
    ImageBooted: image.id,
    ImageBefore: isNoWayBack ? ImageBefore : ImageBooted,
  });
}
