import { existsSync } from "node:fs";
import path from "node:path";
import type { Arch } from "../../../image/recipe/recipe.ts";

/** Where `npm run build` leaves the image. */
export const dist = path.resolve(import.meta.dirname, "../../../dist");

/** A firmware: BIOS, or UEFI with this machine's own copy of the variables. */
interface Firmware {
  firmware: "bios" | "uefi" | "secure-boot";
  variables?: string;
}

/** How the machine is started: straight from the kernel file, or by its firmware from the ISO, its first disk or the network. */
export type Boot =
  | { by: "kernel"; kernel: string; initrd: string; append: string }
  | ({
      by: "iso";
      /** The ISO as an IDE CD-ROM, a SATA DVD, or written on a USB stick. */
      as: "ide-cd" | "sata-dvd" | "usb-stick";
      iso: string;
    } & Firmware)
  | ({ by: "disk" } & Firmware);

/** A disk as the tests attach them; `bus` is the kind of controller that the guest sees. */
export interface DiskOptions {
  file: string;
  format: "raw" | "qcow2";
  bus: "virtio" | "ide" | "sata" | "scsi" | "nvme" | "usb";
  readOnly?: boolean;
  /** What QEMU lets through: "throttling.iops-total=20". */
  throttling?: string;
}

/** What a test machine is made of. */
export interface QemuOptions {
  /** Of its processor; amd64 unless told otherwise. */
  arch?: Arch;
  boot: Boot;
  memoryMiB: number;
  cpu?: string;
  cpus?: number;
  disks: DiskOptions[];
  /** File of the read-only disk with /usr; behind the others, so that their names don't change. */
  usrDisk?: string;
  /** Host port that leads to the guest's port 22; further ones as host → guest. */
  sshPort: number;
  forwards?: Array<[number, number]>;
  /** Only the forwards lead in, and nothing leads out. */
  isRestricted?: boolean;
  /** What QEMU's own DHCP and TFTP servers offer a firmware that boots over the network. */
  netboot?: { folder: string; file: string };
  /** Unix socket paths. */
  qmp: string;
  bootPort: string;
  agentPort: string;
  /** Where the serial console goes. */
  serial: "stdio" | { file: string };
  extra?: string[];
}

/** An emulator: what differs between the processors of machines. */
interface Emulator {
  program: string;
  cpu: string;
  /** Without SATA there are no six empty ports for the guest to look behind. */
  machine: (hasSata: boolean) => string;
  /** A boot loader's menu wants a screen. */
  screen: readonly string[];
  /** Folder of UEFI's files, start and end of their names, and the package that has them. */
  uefi: { folder: string; start: string; end: string; package: string };
}

/** By the architecture of what they run. */
export const emulators: Readonly<Record<Arch, Emulator>> = {
  amd64: {
    program: "qemu-system-x86_64",
    // "rep stosb", which kernels clear pages with when told that it is fast, is emulated byte by byte.
    // A fifth level of page tables is one more step of each walk: without it all takes 7 % less.
    cpu: "max,erms=off,la57=off",
    machine: (hasSata) => (hasSata ? "q35" : "q35,sata=off"),
    screen: ["-vga", "std"],
    uefi: { folder: "/usr/share/OVMF", start: "OVMF", end: "_4M", package: "ovmf" },
  },
  arm64: {
    program: "qemu-system-aarch64",
    // As podman-machine has it: machine/driver/qemu/architecture.ts.
    cpu: "max,sve=off,sme=off,pauth-impdef=on,lpa2=off",
    machine: () => "virt",
    screen: [],
    uefi: { folder: "/usr/share/AAVMF", start: "AAVMF", end: "", package: "qemu-efi-aarch64" },
  },
};

/** Names the firmware files of a boot by UEFI. */
export function firmwareFiles(
  firmware: "uefi" | "secure-boot",
  arch: Arch = "amd64",
): { code: string; vars: string } {
  const { folder, start, end, package: brings } = emulators[arch].uefi;
  const keys = firmware === "secure-boot" ? ".ms" : "";
  const code = path.join(folder, `${start}_CODE${end}${keys}.fd`);
  const vars = path.join(folder, `${start}_VARS${end}${keys}.fd`);
  if (!existsSync(code)) {
    throw new Error(`${code} is missing: install the package ${brings}`);
  }
  return { code, vars };
}

function bootArguments(boot: Boot, disks: DiskOptions[], arch: Arch): string[] {
  const isSata = disks.some(({ bus }) => bus === "ide" || bus === "sata");
  const { machine } = emulators[arch];
  if (boot.by === "kernel") {
    const { kernel, initrd, append } = boot;
    return ["-machine", machine(isSata), "-kernel", kernel, "-initrd", initrd, "-append", append];
  }
  const smm = boot.firmware === "secure-boot" && arch === "amd64" ? ",smm=on" : "";
  if (boot.by === "disk") {
    return ["-machine", `${machine(isSata)}${smm}`, ...firmwareArguments(boot, arch)];
  }
  const list = [
    ...["-machine", `${boot.as === "ide-cd" ? "pc" : machine(true)}${smm}`],
    ...firmwareArguments(boot, arch),
  ];
  if (boot.as === "usb-stick") {
    list.push("-drive", `if=none,id=stick,format=raw,readonly=on,file=${boot.iso}`);
    list.push("-device", "qemu-xhci,id=usb", "-device", "usb-storage,drive=stick,bootindex=0");
  } else {
    list.push("-drive", `if=none,id=cd,media=cdrom,format=raw,readonly=on,file=${boot.iso}`);
    const bus = boot.as === "ide-cd" ? "ide.1" : "ide.0";
    list.push("-device", `ide-cd,drive=cd,bootindex=0,bus=${bus}`);
  }
  return list;
}

function firmwareArguments({ firmware, variables }: Firmware, arch: Arch): string[] {
  if (firmware === "bios") {
    return [];
  }
  if (!variables) {
    throw new Error("a boot by UEFI needs its own copy of the variables");
  }
  const secure = ["-global", "driver=cfi.pflash01,property=secure,value=on"];
  const { code } = firmwareFiles(firmware, arch);
  return [
    // Of the PC's alone: it keeps the variables from a guest without SMM.
    ...(firmware === "secure-boot" && arch === "amd64" ? secure : []),
    ...["-drive", `if=pflash,format=raw,unit=0,readonly=on,file=${code}`],
    ...["-drive", `if=pflash,format=raw,unit=1,file=${variables}`],
  ];
}

function diskArguments(disks: DiskOptions[]): string[] {
  const list: string[] = [];
  const device = {
    virtio: "virtio-blk-pci",
    ide: "ide-hd",
    sata: "ide-hd",
    scsi: "scsi-hd",
    nvme: "nvme",
    usb: "usb-storage",
  };
  if (disks.some((disk) => disk.bus === "scsi")) {
    list.push("-device", "virtio-scsi-pci,id=scsi");
  }
  if (disks.some((disk) => disk.bus === "usb")) {
    list.push("-device", "qemu-xhci,id=disk-usb");
  }
  disks.forEach((disk, index) => {
    const id = `disk${index}`;
    const readOnly = disk.readOnly ? ",readonly=on" : "";
    const throttling = disk.throttling === undefined ? "" : `,${disk.throttling}`;
    list.push(
      "-drive",
      `if=none,id=${id},format=${disk.format},file=${disk.file},discard=unmap${readOnly}${throttling}`,
    );
    list.push("-device", `${device[disk.bus]},drive=${id}${place(disk.bus, index)}`);
  });
  return list;
}

function usrDiskArguments(file: string): string[] {
  return [
    ...["-drive", `if=none,id=usr,format=raw,readonly=on,file=${file}`],
    ...["-device", "virtio-blk-pci,drive=usr,serial=boot2podman-usr"],
  ];
}

function networkWords({ isRestricted, netboot }: QemuOptions): string[] {
  return [
    ...(isRestricted ? ["restrict=on"] : []),
    ...(netboot === undefined ? [] : [`tftp=${netboot.folder}`, `bootfile=${netboot.file}`]),
  ];
}

function needsRom({ netboot, boot }: QemuOptions): boolean {
  return netboot !== undefined && boot.by === "disk" && boot.firmware === "bios";
}

/** What QEMU wants to know beyond the disk's kind; the first SATA port and the second IDE bus are the CD's. */
function place(bus: DiskOptions["bus"], index: number): string {
  if (bus === "nvme") {
    return `,serial=disk${index}`;
  }
  if (bus === "sata") {
    return `,bus=ide.${index + 1}`;
  }
  return bus === "ide" ? ",bus=ide.0" : "";
}

/**
 * Composes QEMU's arguments: two cores under software emulation unless told otherwise, a network of
 * its own whose only ways in are forwards bound to 127.0.0.1.
 */
export function qemuArguments(options: QemuOptions): string[] {
  const { arch = "amd64" } = options;
  const emulator = emulators[arch];
  const forwards: Array<[number, number]> = [[options.sshPort, 22], ...(options.forwards ?? [])];
  const hostForwards = forwards.map(([host, guest]) => `hostfwd=tcp:127.0.0.1:${host}-:${guest}`);
  return [
    // Before QEMU 8.1 emulation with a thread for each processor races now and then ("Oops: int3").
    ...["-accel", "tcg,thread=single", "-cpu", options.cpu ?? emulator.cpu],
    // All of them share one thread: a second one only costs time.
    ...["-smp", String(options.cpus ?? 1), "-m", String(options.memoryMiB)],
    ...["-display", "none", "-no-user-config", "-nodefaults"],
    // A kernel that is started directly has its serial console.
    ...(options.boot.by === "kernel" ? ["-vga", "none"] : emulator.screen),
    ...bootArguments(options.boot, options.disks, arch),
    ...diskArguments(options.disks),
    ...(options.usrDisk === undefined ? [] : usrDiskArguments(options.usrDisk)),
    ...[
      "-netdev",
      ["user,id=net", ...networkWords(options), ...hostForwards].join(","),
      "-device",
      // Without its ROM (iPXE), unless BIOS boots by it; UEFI has a PXE of its own.
      `virtio-net-pci,netdev=net${needsRom(options) ? "" : ",romfile="}`,
    ],
    ...["-device", "virtio-rng-pci", "-device", "virtio-serial-pci"],
    ...["-chardev", `socket,id=boot,path=${options.bootPort},server=on,wait=off`],
    ...["-device", "virtserialport,chardev=boot,name=org.boot2podman.boot.0"],
    ...["-chardev", `socket,id=agent,path=${options.agentPort},server=on,wait=off`],
    ...["-device", "virtserialport,chardev=agent,name=org.qemu.guest_agent.0"],
    ...["-qmp", `unix:${options.qmp},server=on,wait=off`],
    ...["-serial", options.serial === "stdio" ? "stdio" : `file:${options.serial.file}`],
    ...(options.extra ?? []),
  ];
}
