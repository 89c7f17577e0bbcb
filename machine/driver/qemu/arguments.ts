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
      readonly commandLine: string;
    }
  | { readonly kind: "iso"; readonly iso: string; readonly cdDevice: string };

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

/**
 * The arguments with which QEMU runs a machine in the background. It inherits the pipes to its logs, as descriptors
 * 3 and 4.
 */
export function qemuArguments(plan: LaunchPlan): string[] {
  return [
    ...["-name", `${optionValue(plan.name)},process=podman-machine-${optionValue(plan.name)}`],
    ...["-uuid", machineUuid(plan.files.folder)],
    ...["-nodefaults", "-no-user-config", ...displayArguments(plan.display)],
    ...["-machine", plan.machineType],
    ...acceleratorArguments(plan.accelerator, plan.emulatedCpu, plan.threads),
    ...["-smp", String(plan.cpus), "-m", String(plan.memoryMib)],
    ...bootArguments(plan.boot),
    ...diskArguments(plan.disk),
    ...networkArguments(plan.name, plan.files.folder, plan.network),
    ...shareArguments(plan.shares, plan.memoryMib),
    ...["-object", "rng-builtin,id=rng0", "-device", "virtio-rng-pci,rng=rng0"],
    // The guest's free pages go back to the host.
    ...["-device", "virtio-balloon-pci,free-page-reporting=on,deflate-on-oom=on"],
    ...console(plan.files),
    ...ports(plan.files),
    ...["-qmp", `unix:${optionValue(plan.files.monitor)},server=on,wait=off`],
    ...plan.sandbox,
    ...["-pidfile", plan.files.pid, "-daemonize"],
  ];
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
function ports(files: MachineFiles): string[] {
  return [
    ...["-device", "virtio-serial-pci"],
    ...["-add-fd", `fd=${logDescriptors.boot},set=${logDescriptors.boot}`],
    ...["-chardev", `file,id=boot,path=/dev/fdset/${logDescriptors.boot},append=on`],
    ...["-device", `virtserialport,chardev=boot,name=${bootPort}`],
    ...["-chardev", socket("agent", files.agentSocket)],
    ...["-device", `virtserialport,chardev=agent,name=${agentPort}`],
  ];
}

function socket(id: string, path: string, more = ""): string {
  return `socket,id=${id},path=${optionValue(path)},server=on,wait=off${more}`;
}

/** As JSON, since a path may hold any character. */
function blockdev(node: Record<string, unknown>): string[] {
  return ["-blockdev", JSON.stringify(node)];
}
