import type { MachineFiles } from "../../store/machine-files.ts";
import { type Accelerator, acceleratorArguments } from "./accelerator.ts";
import { type DiskPlan, diskArguments } from "./disk-device.ts";
import { machineUuid } from "./machine-uuid.ts";
import { type NetworkPlan, networkArguments } from "./network-device.ts";
import { optionValue } from "./option-value.ts";
import { type ServedShare, shareArguments } from "./share-devices.ts";

/** What the firmware or QEMU itself loads. */
export type BootSource =
  | {
      readonly kind: "kernel";
      readonly kernel: string;
      readonly initrd: string;
      /** /usr as a read-only disk; undefined: the initrd has it. */
      readonly usrDisk: string | undefined;
      readonly commandLine: string;
    }
  | { readonly kind: "iso"; readonly iso: string; readonly cdDevice: string };

/** Where the guest's memory is. */
export type MemoryPlan =
  /** It can't be saved. */
  | { readonly kind: "own" }
  /**
   * In a file of the kernel's, which can be copied while the guest is held: the one that QEMU has as this descriptor, or
   * one that it makes.
   */
  | { readonly kind: "savable"; readonly descriptor?: number | undefined }
  /** That of a template, copied page by page as the guest writes. */
  | { readonly kind: "template"; readonly path: string };

/** Everything that decides a machine's command line. */
export interface LaunchPlan {
  readonly name: string;
  readonly files: MachineFiles;
  readonly machineType: string;
  readonly accelerator: Accelerator;
  /** The processor of an emulation. */
  readonly emulatedCpu: string;
  /** Of the emulation. */
  readonly threads: "multi" | "single";
  readonly memoryMib: number;
  readonly memory: MemoryPlan;
  /** Whether this host can talk to QEMU's agent in the guest. */
  readonly hasAgent: boolean;
  readonly cpus: number;
  readonly network: NetworkPlan;
  readonly disk: DiskPlan;
  readonly shares: readonly ServedShare[];
  /** A window of this type of QEMU's; undefined: none. */
  readonly display: string | undefined;
  readonly boot: BootSource;
  /** The words of its sandbox. */
  readonly sandbox: readonly string[];
}

/** Names of the ports on which the guest says how far its boot is, and listens to its agent. */
const bootPort = "org.boot2podman.boot.0";
const agentPort = "org.qemu.guest_agent.0";
/** On which the host says as whom a guest goes on that was saved. */
const controlPort = "org.boot2podman.control.0";

/** There may be many forks, and what they don't share is this above all. */
const forkCodeMib = 256;

/** The port that the balloon can be taken off. */
export const balloonSlot = "slot0";

/** The arguments with which QEMU runs a machine. It inherits the pipes to its logs, as descriptors 3 and 4. */
export function qemuArguments(plan: LaunchPlan): string[] {
  return [
    ...["-name", `${optionValue(plan.name)},process=podman-machine-${optionValue(plan.name)}`],
    ...["-uuid", machineUuid(plan.files.folder)],
    ...["-nodefaults", "-no-user-config", ...displayArguments(plan.display)],
    ...memoryArguments(plan),
    ...acceleratorArguments(
      plan.accelerator,
      plan.emulatedCpu,
      plan.threads,
      plan.memory.kind === "template" ? forkCodeMib : undefined,
    ),
    ...["-smp", String(plan.cpus), "-m", String(plan.memoryMib)],
    ...bootArguments(plan.boot),
    ...diskArguments(plan.disk),
    ...usrDiskArguments(plan.boot),
    ...networkArguments(plan.name, plan.files.folder, plan.network),
    ...shareArguments(plan.shares, plan.memoryMib),
    ...["-object", "rng-builtin,id=rng0", "-device", "virtio-rng-pci,rng=rng0"],
    ...balloon(plan.memory),
    ...console(plan.files),
    ...ports(plan),
    // Behind all others, whose addresses stay as they were.
    ...plugArguments(plan.machineType),
    ...["-qmp", `unix:${optionValue(plan.files.monitor)},server=on,wait=off`],
    ...plan.sandbox,
    ...(plan.memory.kind === "template" ? ["-incoming", "defer"] : []),
    ...["-pidfile", plan.files.pid],
  ];
}

/**
 * By what the guest's free pages go back to the host. Behind a port of its own it can be taken off: a fork has none,
 * since what a guest gives back by it is punched out of the file, which is the template's.
 */
function balloon(memory: MemoryPlan): string[] {
  const words = "free-page-reporting=on,deflate-on-oom=on";
  if (memory.kind === "own") {
    return ["-device", `virtio-balloon-pci,${words}`];
  }
  return [
    ...["-device", `pcie-root-port,id=${balloonSlot},chassis=1,slot=1`],
    ...(memory.kind === "savable"
      ? ["-device", `virtio-balloon-pci,id=balloon,bus=${balloonSlot},${words}`]
      : []),
    // The kernel makes its random numbers anew when the number in it has changed.
    ...["-device", "vmgenid,guid=auto"],
  ];
}

function memoryArguments({ machineType, memory, memoryMib }: LaunchPlan): string[] {
  if (memory.kind === "own") {
    return ["-machine", machineType];
  }
  const backend = memoryBackend(memory);
  return [
    ...["-machine", `${machineType},memory-backend=ram`],
    ...["-object", `${backend},id=ram,size=${memoryMib}M`],
  ];
}

function memoryBackend(memory: Exclude<MemoryPlan, { kind: "own" }>): string {
  if (memory.kind === "template") {
    return `memory-backend-file,share=off,mem-path=${optionValue(memory.path)}`;
  }
  return memory.descriptor === undefined
    ? "memory-backend-memfd,share=on"
    : `memory-backend-file,share=on,mem-path=/proc/self/fd/${memory.descriptor}`;
}

function displayArguments(display: string | undefined): string[] {
  return display === undefined ? ["-display", "none"] : ["-display", display, "-device", "VGA"];
}

function bootArguments(boot: BootSource): string[] {
  if (boot.kind === "kernel") {
    return ["-kernel", boot.kernel, "-initrd", boot.initrd, "-append", boot.commandLine];
  }
  return [
    ...blockdev({
      driver: "raw",
      "node-name": "iso",
      "read-only": true,
      file: { driver: "file", filename: boot.iso, "read-only": true },
    }),
    ...["-device", `${boot.cdDevice},drive=iso,bootindex=0`],
  ];
}

/** Behind the data disk, so that its name in the guest doesn't change. Any number of machines may read the file. */
function usrDiskArguments(boot: BootSource): string[] {
  if (boot.kind !== "kernel" || boot.usrDisk === undefined) {
    return [];
  }
  return [
    ...blockdev({
      driver: "raw",
      "node-name": "usr",
      "read-only": true,
      file: { driver: "file", filename: boot.usrDisk, "read-only": true },
    }),
    ...["-device", "virtio-blk-pci,drive=usr,serial=boot2podman-usr"],
  ];
}

/** The slot for a disk that is plugged in while the machine runs: the root bus of a PCI Express machine has none. */
export const plugSlot = "plug";

function plugArguments(machineType: string): string[] {
  return machineType.startsWith("pc,")
    ? []
    : ["-device", `pcie-root-port,id=${plugSlot},chassis=2,slot=2`];
}

/** The descriptors of the pipes to the logs, as the process gets them. Without "append" QEMU would truncate them, which a pipe refuses. */
const logDescriptors = { console: 3, boot: 4 };

/** The serial console: all of it to its log, and a socket for whoever wants to type. */
function console(files: MachineFiles): string[] {
  return [
    ...["-add-fd", `fd=${logDescriptors.console},set=${logDescriptors.console}`],
    ...[
      "-chardev",
      socket(
        "console",
        files.consoleSocket,
        `,logfile=/dev/fdset/${logDescriptors.console},logappend=on`,
      ),
    ],
    ...["-serial", "chardev:console"],
  ];
}

/**
 * The boot port writes to its log rather than a socket: nothing is lost while nobody listens,
 * any number of commands can follow it, and the guest never waits for a reader.
 */
function ports({ files, memory, hasAgent }: LaunchPlan): string[] {
  return [
    ...["-device", "virtio-serial-pci"],
    ...["-add-fd", `fd=${logDescriptors.boot},set=${logDescriptors.boot}`],
    ...["-chardev", `file,id=boot,path=/dev/fdset/${logDescriptors.boot},append=on`],
    ...["-device", `virtserialport,chardev=boot,name=${bootPort}`],
    ...["-chardev", hasAgent ? socket("agent", files.agentSocket) : "null,id=agent"],
    ...["-device", `virtserialport,chardev=agent,name=${agentPort}`],
    ...(memory.kind === "own"
      ? []
      : [
          ...["-chardev", socket("control", files.controlSocket)],
          ...["-device", `virtserialport,chardev=control,name=${controlPort}`],
        ]),
  ];
}

function socket(id: string, path: string, more = ""): string {
  return `socket,id=${id},path=${optionValue(path)},server=on,wait=off${more}`;
}

/** As JSON, since a path may hold any character. */
function blockdev(node: Record<string, unknown>): string[] {
  return ["-blockdev", JSON.stringify(node)];
}
