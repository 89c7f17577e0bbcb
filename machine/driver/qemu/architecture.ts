import type { ImageArchitecture } from "../../boot-image/image.ts";
import { Failure } from "../../failure.ts";
import { amd64Payload, arm64Payload, type ProbePayload } from "./probe-payload.ts";

/** What differs between the architectures that QEMU runs. */
export interface Architecture {
  /** The program when the config names none. */
  readonly program: string;
  /** Node's word for a host that can run this guest with KVM. */
  readonly hostArch: string;
  /** Value of -machine. */
  readonly machine: string;
  /** How the ISO is attached; undefined where booting one takes firmware that isn't set up yet. */
  readonly cdDevice: string | undefined;
  /** A guest that does nothing but end, to see whether KVM runs anything. */
  readonly probe: ProbePayload;
}

const ARCHITECTURES: Readonly<Record<ImageArchitecture, Architecture>> = {
  amd64: {
    program: "qemu-system-x86_64",
    hostArch: "x64",
    machine: "pc,usb=off",
    cdDevice: "ide-cd",
    probe: amd64Payload,
  },
  arm64: {
    program: "qemu-system-aarch64",
    hostArch: "arm64",
    machine: "virt",
    cdDevice: undefined,
    probe: arm64Payload,
  },
};

/** The table's row for an image. */
export function architectureOf(image: ImageArchitecture): Architecture {
  return ARCHITECTURES[image];
}

/** The device that reads the ISO. Throws where none is set up. */
export function cdDeviceOf(image: ImageArchitecture): string {
  const device = ARCHITECTURES[image].cdDevice;
  if (device === undefined) {
    throw new Failure(`An ${image} machine can't boot from the ISO: leave out --iso.`);
  }
  return device;
}
