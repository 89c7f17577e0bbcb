import { cachedImage } from "../boot-image/cached-image.ts";
import type { BootImage } from "../boot-image/image.ts";
import { driverOf } from "../driver/drivers.ts";
import { imageOf } from "../driver/qemu/image-choice.ts";
import { Failure } from "../failure/failure.ts";
import { changeDriver } from "../store/change.ts";
import { withLock } from "../store/lock.ts";
import { loadMachine, type Machine, ofDriver } from "../store/machines.ts";
import { type Host, machineLock, OBSERVE_TIMEOUT_MS } from "./host.ts";

/** What a machine boots at its next start. */
export interface ImageChoice {
  readonly id: string;
  readonly version: string;
  /** False when it runs, or would have booted, just this. */
  readonly isOther: boolean;
  readonly isRunning: boolean;
}

/**
 * Chooses the image that a machine boots from now on. Nothing is touched when it is missing.
 *
 * @param usual the folder for machines that have none: those made by the podman-machine before.
 */
export async function chooseImage(
  host: Host,
  name: string,
  wanted: { image: string | undefined; rollback: boolean; usual: string },
): Promise<ImageChoice> {
  await loadMachine(host.store, name);
  return withLock(machineLock(host, name, "upgrade"), async () => {
    const machine = ofDriver(await loadMachine(host.store, name), "qemu");
    const changed = wanted.rollback
      ? await back(host, machine)
      : await forward(host, machine, wanted);
    const { config } = changed.machine;
    await changeDriver(machine, config.Driver);
    const driver = driverOf(host.store, "qemu");
    const { state } = await driver.observe(machine, OBSERVE_TIMEOUT_MS);
    const { id, version } = changed.image;
    const isOther = id !== machine.config.Driver.ImageBooted;
    return { id, version, isOther, isRunning: state === "Running" };
  });
}

interface Changed {
  readonly machine: Machine<"qemu">;
  readonly image: BootImage;
}

async function back(host: Host, machine: Machine<"qemu">): Promise<Changed> {
  const { ImageBefore } = machine.config.Driver;
  if (ImageBefore === "") {
    throw new Failure(`"${machine.name}" has run no other image before this one.`);
  }
  const image = await cachedImage(host.store, ImageBefore);
  return { machine: withDriver(machine, { ImagePinned: ImageBefore }), image };
}

async function forward(
  host: Host,
  machine: Machine<"qemu">,
  wanted: { image: string | undefined; usual: string },
): Promise<Changed> {
  const { Image, Boot } = machine.config.Driver;
  const folder = wanted.image ?? (Image === "" ? wanted.usual : Image);
  const changed = withDriver(machine, {
    Image: folder,
    ImagePinned: "",
    // An old machine's ISO gives way to kernel and initrds; its data disk is the same.
    Boot: Image === "" ? "kernel" : Boot,
  });
  return { machine: changed, image: await imageOf(host.store, changed) };
}

function withDriver(
  machine: Machine<"qemu">,
  change: Partial<Machine<"qemu">["config"]["Driver"]>,
): Machine<"qemu"> {
  const { config } = machine;
  return { ...machine, config: { ...config, Driver: { ...config.Driver, ...change } } };
}
