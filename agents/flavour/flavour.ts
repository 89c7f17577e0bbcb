/** A folder of the data disk that is bind-mounted over a folder of the system. */
export interface Bind {
  /** Relative to the root of the data disk. */
  from: string;
  /** Relative to the user's home folder where `owner` is "user", else absolute. */
  to: string;
  owner: "root" | "user";
  mode: number;
}

/** What makes one product of this family: the words on its disks and the places it keeps data. */
export interface Flavour {
  name: string;
  /** Label of the data filesystem, of at most the 16 bytes that ext4 keeps. */
  label: string;
  /** Bytes at offset 0 of a disk that ask for it to be formatted. */
  magic: string;
  /** Start of the ISO 9660 volume id of our boot medium. */
  bootVolumePrefix: string;
  /** Folder of the system's own state: userdata.tar, host keys, hooks. */
  stateFolder: string;
  user: { name: string; uid: number; gid: number; home: string };
  binds: Bind[];
}

/** Boot2Podman as shipped. */
export const boot2podman: Flavour = {
  name: "boot2podman",
  label: "boot2podman-data",
  magic: "boot2podman, please format-me",
  bootVolumePrefix: "Boot2Podman-v",
  stateFolder: "/var/lib/boot2podman",
  user: { name: "tc", uid: 1000, gid: 50, home: "/home/tc" },
  binds: [
    { from: "var/lib/boot2podman", to: "/var/lib/boot2podman", owner: "root", mode: 0o755 },
    { from: "var/lib/containers", to: "/var/lib/containers", owner: "root", mode: 0o755 },
    // Else the networks of root's containers would be gone, and with them the containers' way to start.
    {
      from: "var/lib/containers/networks",
      to: "/etc/containers/networks",
      owner: "root",
      mode: 0o755,
    },
    // Quadlet files, root's and the user's.
    {
      from: "var/lib/boot2podman/etc/containers/systemd",
      to: "/etc/containers/systemd",
      owner: "root",
      mode: 0o755,
    },
    {
      from: "home/tc/.config/containers/systemd",
      to: ".config/containers/systemd",
      owner: "user",
      mode: 0o755,
    },
    { from: "local/share/containers", to: ".local/share/containers", owner: "user", mode: 0o700 },
    { from: "home/tc/.ssh", to: ".ssh", owner: "user", mode: 0o700 },
  ],
};

/** Where on the data disk the system's own state lies, relative to its root. */
export function stateOnDisk({ stateFolder, binds }: Flavour): string {
  return binds.find(({ to }) => to === stateFolder)?.from ?? stateFolder.slice(1);
}
