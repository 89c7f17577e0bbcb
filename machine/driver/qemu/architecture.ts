import type { ImageArchitecture } from "../../boot-image/image.ts";
import { Failure } from "../../failure.ts";
import { amd64Payload, arm64Payload, type ProbePayload } from "./probe-payload.ts";

/** What differs between the architectures that QEMU runs. */
export interface Architecture {
  /** The program when the config names none. */
  readonly program: string;
  /** Node's word for a host that can run this guest with KVM. */
  readonly hostArch: string;
  /** Value of -machine when QEMU loads the kernel: as few devices as can be. */
  readonly machine: string;
  /** Value of -machine for a boot from the ISO. */
  readonly isoMachine: string;
  /** Value of -cpu under emulation: the guest's programs need more than QEMU's default processor has. */
  readonly emulatedCpu: string;
  /** Words for the kernel under emulation. */
  readonly emulatedWords: string;
  /** How the ISO is attached; undefined where booting one takes firmware that isn't set up yet. */
  readonly cdDevice: string | undefined;
  /** A guest that does nothing but end, to see whether KVM runs anything. */
  readonly probe: ProbePayload;
}

const ARCHITECTURES: Readonly<Record<ImageArchitecture, Architecture>> = {
  amd64: {
    program: "qemu-system-x86_64",
    hostArch: "x64",
    // Empty SATA ports would cost the guest a driver, and a second of emulation.
    machine: "q35,sata=off",
    isoMachine: "pc,usb=off",
    // "rep stosb", with which kernels clear pages when the processor calls it fast, is emulated byte by
    // byte: without ERMS a boot takes a tenth less. A fifth level of page tables makes each walk longer:
    // without it the boot and each container take 7 % less.
    emulatedCpu: "max,erms=off,la57=off",
    // On a busy host the check finds no timer and the kernel panics; it skips the check under KVM by itself.
    emulatedWords: "no_timer_check",
    cdDevice: "ide-cd",
    probe: amd64Payload,
  },
  arm64: {
    program: "qemu-system-aarch64",
    hostArch: "arm64",
    machine: "virt",
    isoMachine: "virt",
    emulatedCpu: "max",
    emulatedWords: "",
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
