import { type Accelerator, acceleratorArguments } from "../driver/qemu/accelerator.ts";
import { machineUuid } from "../driver/qemu/machine-uuid.ts";
import { networkArguments } from "../driver/qemu/network-device.ts";
import { optionValue } from "../driver/qemu/option-value.ts";
import { type ServedShare, shareArguments } from "../driver/qemu/share-devices.ts";
import type { PublishedPort } from "../store/driver-config.ts";
import { credentialArguments } from "./credential.ts";
import type { Firmware } from "./firmware.ts";
import type { BootcPlace } from "./place.ts";

/** What starts the guest's system. */
export type BootcBoot =
  | {
      readonly kind: "kernel";
      readonly kernel: string;
      readonly initrd: string;
      readonly commandLine: string;
    }
  | { readonly kind: "efi"; readonly firmware: Firmware };

/** Everything that decides the command line of a bootc machine. */
export interface BootcPlan {
  readonly place: BootcPlace;
  readonly machineType: string;
  readonly accelerator: Accelerator;
  readonly emulatedCpu: string;
  readonly threads: "multi" | "single";
  readonly cpus: number;
  readonly memoryMib: number;
  readonly disk: string;
  /** What the guest writes is thrown away at the end, and the file stays as it is. */
  readonly isTransient: boolean;
  readonly boot: BootcBoot;
  /** A disk for cloud-init; undefined: none. */
  readonly cloudInit: string | undefined;
  readonly sshPort: number;
  readonly publish: readonly PublishedPort[];
  readonly shares: readonly ServedShare[];
  /** By their names (systemd.system-credentials(7)). */
  readonly credentials: Readonly<Record<string, string>>;
  readonly sandbox: readonly string[];
}

/** The arguments with which QEMU runs it. It inherits the pipe to the console's log as descriptor 3. */
export function bootcArguments(plan: BootcPlan): string[] {
  const { place } = plan;
  const { files } = place;
  const network = {
    kind: "user",
    isRestricted: false,
    sshPort: plan.sshPort,
    publish: plan.publish,
  } as const;
  return [
    ...["-name", `bootc-${place.name},process=podman-bootc-${place.name}`],
    ...["-uuid", machineUuid(files.folder)],
    ...["-nodefaults", "-no-user-config", "-display", "none"],
    ...["-machine", plan.machineType],
    ...acceleratorArguments(plan.accelerator, plan.emulatedCpu, plan.threads),
    ...["-smp", String(plan.cpus), "-m", String(plan.memoryMib)],
    ...bootArguments(plan.boot, place.variables),
    ...rootDisk(plan),
    ...cloudInitDisk(plan.cloudInit),
    ...networkArguments(place.name, files.folder, network),
    ...shareArguments(plan.shares, plan.memoryMib),
    ...["-object", "rng-builtin,id=rng0", "-device", "virtio-rng-pci,rng=rng0"],
    ...credentialArguments(plan.credentials),
    ...["-add-fd", "fd=3,set=3"],
    ...[
      "-chardev",
      `socket,id=console,path=${optionValue(files.consoleSocket)},server=on,wait=off,logfile=/dev/fdset/3,logappend=on`,
    ],
    ...["-serial", "chardev:console"],
    ...["-qmp", `unix:${optionValue(files.monitor)},server=on,wait=off`],
    ...plan.sandbox,
    ...["-pidfile", files.pid],
  ];
}

function bootArguments(boot: BootcBoot, variables: string): string[] {
  if (boot.kind === "kernel") {
    return ["-kernel", boot.kernel, "-initrd", boot.initrd, "-append", boot.commandLine];
  }
  const { code } = boot.firmware;
  return [
    ...["-drive", `if=pflash,unit=0,format=raw,readonly=on,file=${optionValue(code)}`],
    ...["-drive", `if=pflash,unit=1,format=raw,file=${optionValue(variables)}`],
  ];
}

/**
 * The first disk. With snapshot=on QEMU writes to a file without a name, which is gone with it; a disk that is thrown
 * away needs no flushing.
 */
function rootDisk({ disk, isTransient, boot }: BootcPlan): string[] {
  const kept = "discard=unmap,detect-zeroes=unmap";
  // A kernel that QEMU loads is the first thing to boot already.
  const order = boot.kind === "efi" ? ",bootindex=0" : "";
  const how = isTransient ? "snapshot=on,cache=unsafe" : kept;
  return [
    ...["-drive", `if=none,id=root,format=raw,${how},file=${optionValue(disk)}`],
    ...["-device", `virtio-blk-pci,drive=root,serial=root${order}`],
  ];
}

/** As a disk rather than a CD: kernels for clouds may have no driver of a drive. */
function cloudInitDisk(path: string | undefined): string[] {
  return path === undefined
    ? []
    : [
        ...["-drive", `if=none,id=cidata,format=raw,readonly=on,file=${optionValue(path)}`],
        ...["-device", "virtio-blk-pci,drive=cidata,serial=cidata"],
      ];
}
