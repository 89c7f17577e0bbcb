import { existsSync } from "node:fs";
import path from "node:path";

/** Where `npm run build` leaves the image. */
export const dist = path.resolve(import.meta.dirname, "../../../dist");

/** A firmware: BIOS, or UEFI with this machine's own copy of the variables. */
interface Firmware {
  firmware: "bios" | "uefi" | "secure-boot";
  variables?: string;
}

/** How the machine is started: straight from the kernel file, or by its firmware from the ISO or its first disk. */
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
  /** Unix socket paths. */
  qmp: string;
  bootPort: string;
  agentPort: string;
  /** Where the serial console goes. */
  serial: "stdio" | { file: string };
  extra?: string[];
}

const ovmf = "/usr/share/OVMF";

/** Names the firmware files of a boot by UEFI. */
export function firmwareFiles(firmware: "uefi" | "secure-boot"): { code: string; vars: string } {
  const code = `${ovmf}/OVMF_CODE_4M${firmware === "secure-boot" ? ".ms" : ""}.fd`;
  const vars = `${ovmf}/OVMF_VARS_4M${firmware === "secure-boot" ? ".ms" : ""}.fd`;
  if (!existsSync(code)) {
    throw new Error(`${code} is missing: install the package ovmf`);
  }
  return { code, vars };
}

function bootArguments(boot: Boot, disks: DiskOptions[]): string[] {
  // Without SATA there are no six empty ports for the guest to look behind.
  const isSata = disks.some(({ bus }) => bus === "ide" || bus === "sata");
  const plain = isSata ? "q35" : "q35,sata=off";
  if (boot.by === "kernel") {
    const { kernel, initrd, append } = boot;
    return ["-machine", plain, "-kernel", kernel, "-initrd", initrd, "-append", append];
  }
  const smm = boot.firmware === "secure-boot" ? ",smm=on" : "";
  if (boot.by === "disk") {
    return ["-machine", `${plain}${smm}`, ...firmwareArguments(boot)];
  }
  const machine = boot.as === "ide-cd" ? "pc" : "q35";
  const list = ["-machine", `${machine}${smm}`, ...firmwareArguments(boot)];
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

function firmwareArguments({ firmware, variables }: Firmware): string[] {
  if (firmware === "bios") {
    return [];
  }
  if (!variables) {
    throw new Error("a boot by UEFI needs its own copy of the variables");
  }
  const secure = ["-global", "driver=cfi.pflash01,property=secure,value=on"];
  return [
    ...(firmware === "secure-boot" ? secure : []),
    ...["-drive", `if=pflash,format=raw,unit=0,readonly=on,file=${firmwareFiles(firmware).code}`],
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
  const forwards: Array<[number, number]> = [[options.sshPort, 22], ...(options.forwards ?? [])];
  const hostForwards = forwards.map(([host, guest]) => `hostfwd=tcp:127.0.0.1:${host}-:${guest}`);
  return [
    // Before QEMU 8.1 emulation with a thread for each processor races now and then ("Oops: int3").
    // "rep stosb", which kernels clear pages with when told that it is fast, is emulated byte by byte.
    // A fifth level of page tables is one more step of each walk: without it all takes 7 % less.
    ...["-accel", "tcg,thread=single", "-cpu", options.cpu ?? "max,erms=off,la57=off"],
    // All of them share one thread: a second one only costs time.
    ...["-smp", String(options.cpus ?? 1), "-m", String(options.memoryMiB)],
    ...["-display", "none", "-no-user-config", "-nodefaults"],
    // A boot loader's menu wants a screen; a kernel that is started directly has its serial console.
    ...["-vga", options.boot.by === "kernel" ? "none" : "std"],
    ...bootArguments(options.boot, options.disks),
    ...diskArguments(options.disks),
    ...(options.usrDisk === undefined ? [] : usrDiskArguments(options.usrDisk)),
    ...[
      "-netdev",
      `user,id=net,${options.isRestricted ? "restrict=on," : ""}${hostForwards.join(",")}`,
      "-device",
      "virtio-net-pci,netdev=net,romfile=",
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
