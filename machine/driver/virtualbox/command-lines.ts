import type { PublishedPort } from "../../store/driver-config.ts";

/** What a machine of VirtualBox is made of. */
export interface VirtualMachine {
  readonly name: string;
  /** Where VirtualBox keeps its own files of the machine. */
  readonly folder: string;
  readonly iso: string;
  readonly disk: string;
  readonly memoryMib: number;
  readonly cpus: number;
  readonly sshPort: number;
  readonly publish: readonly PublishedPort[];
  /** Folder of the host and its name in the guest. */
  readonly share: { readonly folder: string; readonly name: string } | undefined;
}

const controller = "SATA";

/** The calls of VBoxManage that make a machine, in order; the last ones fit it out. */
export function creationCommands(machine: VirtualMachine): string[][] {
  const { name } = machine;
  return [
    [
      "createvm",
      "--basefolder",
      machine.folder,
      "--name",
      name,
      "--ostype",
      "Linux26_64",
      "--register",
    ],
    [
      ...[
        "modifyvm",
        name,
        "--firmware",
        "bios",
        "--bioslogofadein",
        "off",
        "--bioslogofadeout",
        "off",
      ],
      ...[
        "--bioslogodisplaytime",
        "0",
        "--biosbootmenu",
        "disabled",
        "--acpi",
        "on",
        "--ioapic",
        "on",
      ],
      ...["--rtcuseutc", "on", "--natdnshostresolver1", "off", "--natdnsproxy1", "on"],
      ...["--hwvirtex", "on", "--nestedpaging", "on", "--largepages", "on", "--vtxvpid", "on"],
      ...["--boot1", "dvd", "--boot2", "none", "--boot3", "none", "--boot4", "none"],
      ...["--nic1", "nat", "--nictype1", "virtio", "--cableconnected1", "on"],
    ],
    ["storagectl", name, "--name", controller, "--add", "sata", "--hostiocache", "on"],
    attach(name, 0, "dvddrive", machine.iso),
    attach(name, 1, "hdd", machine.disk),
    ["guestproperty", "set", name, "/VirtualBox/GuestAdd/SharedFolders/MountPrefix", "/"],
    ["guestproperty", "set", name, "/VirtualBox/GuestAdd/SharedFolders/MountDir", "/"],
    ...shareCommands(machine),
  ];
}

/**
 * The calls before every start: what may have changed since the last one. Our forwarded ports are made anew; of
 * `forwarded`, the names of those that VirtualBox has, people's own stay.
 */
export function settingCommands(machine: VirtualMachine, forwarded: readonly string[]): string[][] {
  const { name } = machine;
  const forwards = [
    `ssh,tcp,127.0.0.1,${machine.sshPort},,22`,
    ...machine.publish.map(
      (port, index) =>
        `published${index},${port.Protocol},${port.HostIP},${port.HostPort},,${port.GuestPort}`,
    ),
  ];
  return [
    ["modifyvm", name, "--memory", String(machine.memoryMib), "--cpus", String(machine.cpus)],
    attach(name, 0, "dvddrive", machine.iso),
    ...forwarded
      .filter((rule) => /^(?:ssh|published\d+)$/.test(rule))
      .map((rule) => ["modifyvm", name, "--natpf1", "delete", rule]),
    ...forwards.map((rule) => ["modifyvm", name, "--natpf1", rule]),
  ];
}

function attach(name: string, port: number, type: string, medium: string): string[] {
  return [
    ...["storageattach", name, "--storagectl", controller, "--port", String(port)],
    ...["--device", "0", "--type", type, "--medium", medium],
  ];
}

function shareCommands({ name, share }: VirtualMachine): string[][] {
  if (share === undefined) {
    return [];
  }
  const link = `VBoxInternal2/SharedFoldersEnableSymlinksCreate/${share.name}`;
  return [
    ["sharedfolder", "add", name, "--name", share.name, "--hostpath", share.folder, "--automount"],
    ["setextradata", name, link, "1"],
  ];
}
