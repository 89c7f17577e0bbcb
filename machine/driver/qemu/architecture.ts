import type { ImageArchitecture } from "../../boot-image/image.ts";
import { MachineError } from "../../error/machine-error.ts";
import { amd64Payload, arm64Payload, type ProbePayload } from "./probe-payload.ts";
import type { QemuVersion } from "./version.ts";

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
  /**
   * Value of -cpu under emulation by this release: the guest's programs need more than QEMU's default
   * processor has.
   */
  readonly emulatedCpu: (version: QemuVersion | undefined) => string;
  /** Words for the kernel under emulation. */
  readonly emulatedWords: string;
  /**
   * Whether an emulation starts the kernel uncompressed, by PVH. With KVM the bzImage decompresses itself in no
   * time, and puts itself at an address that nobody knows (KASLR).
   */
  readonly isStartedByPvh: boolean;
  /** How the ISO is attached; undefined where booting one takes firmware that isn't set up yet. */
  readonly cdDevice: string | undefined;
  /** A guest that does nothing but end, to see whether KVM runs anything. */
  readonly probe: ProbePayload;
}

const architectures: Readonly<Record<ImageArchitecture, Architecture>> = {
  amd64: {
    program: "qemu-system-x86_64",
    hostArch: "x64",
    // Empty SATA ports would cost the guest a driver, and a second of emulation.
    machine: "q35,sata=off",
    isoMachine: "pc,usb=off",
    // "rep stosb", with which kernels clear pages when the processor calls it fast, is emulated byte by
    // byte: without ERMS a boot takes a tenth less. A fifth level of page tables makes each walk longer:
    // without it the boot and each container take 7 % less.
    emulatedCpu: () => "max,erms=off,la57=off",
    // On a busy host the check finds no timer and the kernel panics; it skips the check under KVM by itself.
    emulatedWords: "no_timer_check",
    isStartedByPvh: true,
    cdDevice: "ide-cd",
    probe: amd64Payload,
  },
  arm64: {
    program: "qemu-system-aarch64",
    hostArch: "arm64",
    machine: "virt",
    isoMachine: "virt",
    emulatedCpu: emulatedArm,
    emulatedWords: "",
    isStartedByPvh: false,
    cdDevice: undefined,
    probe: arm64Payload,
  },
};

/**
 * With SVE, programs on Bun whose code is compiled while they run, the resident agent among them, end in a
 * segmentation fault now and then under QEMU 7.2: one in three with the garbage collection under stress.
 * Linux signs the return address in each function, which emulated as in the real processor takes half of a
 * boot: another algorithm, which the architecture leaves open, makes it 12 s of a core instead of 22. A fifth
 * level of page tables makes each walk longer, as on amd64. A release that doesn't know a property refuses it.
 */
function emulatedArm(version: QemuVersion | undefined): string {
  const { major, minor } = version ?? { major: 0, minor: 0 };
  if (major > 7 || (major === 7 && minor >= 1)) {
    return "max,sve=off,sme=off,pauth-impdef=on,lpa2=off";
  }
  return major >= 6 ? "max,sve=off,pauth-impdef=on" : "max,sve=off";
}

/** The table's row for an image. */
export function architectureOf(image: ImageArchitecture): Architecture {
  return architectures[image];
}

/** The device that reads the ISO. Throws where none is set up. */
export function cdDeviceOf(image: ImageArchitecture): string {
  const device = architectures[image].cdDevice;
  if (device === undefined) {
    throw new MachineError(`An ${image} machine can't boot from the ISO: leave out --iso.`);
  }
  return device;
}
