import { dirname } from "node:path";
import { sha256 } from "../../digest/sha256.ts";
import { type Flavour, stateOnDisk } from "../../flavour/flavour.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import type { KernelError } from "../../kernel/kernel-error.ts";
import { type Member, maxArchiveBytes, readArchive } from "../archive/archive.ts";
import type { SuperblockCopy } from "../content/ext4.ts";
import { lookInside } from "../observe/look-inside.ts";
import { archiveName } from "./keep-archive.ts";
import type { Mounted } from "./mount-data.ts";

/** Holds the hash of the archive whose keys were taken; then the keys on the disk are the user's to edit. */
export const markerName = "userdata.extracted";
const sshFolder = ".ssh";
const hostKeyFile = /^ssh_host_\w+_key(?:\.pub)?$/;
const maxHostKeyBytes = 64 * 1024;

/**
 * Brings the kept userdata archive into the home folder: its .ssh once, into the folder of the disk that is
 * bound there, so that a key removed stays removed; all else on each boot, since the home folder is in RAM.
 * Gives what was done, in words. Throws for an archive that is refused.
 */
export function seedHome(kernel: Kernel, mounted: Mounted, flavour: Flavour): string {
  const home = flavour.user.home;
  if (mounted.readOnly) {
    copyKeys(kernel, mounted.folder, flavour);
    copyHostKeys(kernel, mounted.folder, flavour);
  }
  const kept = readKept(kernel, mounted.folder, flavour);
  if (kept === undefined) {
    return "no userdata archive";
  }
  const members = membersOf(kept.archive, flavour, archiveName);
  const others = members.filter((member) => !isKeys(member));
  writeMembers(kernel, home, "", others, flavour);

  const hash = sha256(kept.archive).toString("hex");
  const inRam = `${others.length} members of userdata extracted into RAM`;
  if (kept.marker === hash) {
    return `${inRam}; its keys were extracted on an earlier boot`;
  }
  const keys = members.filter(isKeys);
  if (mounted.readOnly) {
    writeMembers(kernel, home, "", keys, flavour);
    return `${inRam}, ${keys.length} of its keys too`;
  }
  const folder = dirname(keysFolder(flavour));
  kernel.mkdirBeneath(mounted.folder, folder, { mode: 0o755, owner: { uid: 0, gid: 0 } });
  writeMembers(kernel, mounted.folder, folder, keys, flavour);
  kernel.withFolderBeneath(mounted.folder, stateOnDisk(flavour), (path) =>
    kernel.writeAtomic(`${path}/${markerName}`, `${hash}\n`),
  );
  return `${inRam}, ${keys.length} onto the disk`;
}

/** Brings the keys of a data filesystem that isn't mounted yet into RAM; gives what kept it from that. */
export function seedKeysAhead(
  kernel: Kernel,
  node: string,
  flavour: Flavour,
  copy?: SuperblockCopy,
): KernelError | undefined {
  const bringKeys = (folder: string) => {
    copyKeys(kernel, folder, flavour);
    copyHostKeys(kernel, folder, flavour);
  };
  const look = lookInside(kernel, node, bringKeys, copy);
  return "refused" in look ? look.refused : undefined;
}

/** A disk that can only be read keeps nothing new, but its user's keys still open the door. */
function copyKeys(kernel: Kernel, folder: string, flavour: Flavour): void {
  const { home, uid, gid } = flavour.user;
  const kept = keysFolder(flavour);
  if (kernel.lstat(`${folder}/${kept}`) === undefined) {
    return;
  }
  kernel.mkdirBeneath(home, sshFolder, { mode: 0o700, owner: { uid, gid } });
  kernel.withFolderBeneath(folder, kept, (from) =>
    kernel.withFolderBeneath(home, sshFolder, (to) => {
      for (const name of kernel.listNoFollow(from)) {
        if (kernel.lstat(`${from}/${name}`)?.kind !== "file") {
          continue;
        }
        const bytes = kernel.readNoFollow(`${from}/${name}`, maxArchiveBytes);
        if (bytes === undefined) {
          continue;
        }
        kernel.writeAtomic(`${to}/${name}`, bytes, { mode: 0o600, owner: { uid, gid } });
      }
    }),
  );
}

/** The host stays who it is for its clients while its disk is being repaired. */
function copyHostKeys(kernel: Kernel, folder: string, flavour: Flavour): void {
  const kept = `${stateOnDisk(flavour)}/etc/ssh`;
  const inRam = `${flavour.stateFolder}/etc/ssh`;
  if (kernel.lstat(`${folder}/${kept}`) === undefined) {
    return;
  }
  kernel.mkdir(inRam, { mode: 0o700 });
  kernel.withFolderBeneath(folder, kept, (from) => {
    for (const name of kernel.listNoFollow(from).filter((one) => hostKeyFile.test(one))) {
      const found = kernel.lstat(`${from}/${name}`);
      const bytes =
        found?.kind === "file"
          ? kernel.readNoFollow(`${from}/${name}`, maxHostKeyBytes)
          : undefined;
      if (found !== undefined && bytes !== undefined) {
        // As it was: what others could read is no host key, and sshkeys says so.
        const ownership = { mode: found.mode & 0o777, owner: found };
        kernel.writeAtomic(`${inRam}/${name}`, bytes, ownership);
      }
    }
  });
}

/** Whether host keys are where sshd's are taken from, in RAM or on the disk that is mounted there. */
export function hasHostKeys(kernel: Kernel, flavour: Flavour): boolean {
  return kernel
    .listNoFollow(`${flavour.stateFolder}/etc/ssh`)
    .some((name) => hostKeyFile.test(name) && !name.endsWith(".pub"));
}

/** Where on the data disk the folder lies that is bound over the user's .ssh. */
function keysFolder(flavour: Flavour): string {
  const bind = flavour.binds.find(({ owner, to }) => owner === "user" && to === sshFolder);
  return bind?.from ?? `home/${flavour.user.name}/${sshFolder}`;
}

/**
 * Brings an archive into the home folder in RAM, for a boot whose data disk could not be used: the person that
 * it belongs to can log in and look. The disk is only read.
 */
export function seedHomeFromDisk(kernel: Kernel, node: string, flavour: Flavour): string {
  const device = kernel.openBlockDevice(node, "read");
  try {
    const members = membersOf(device.read(0, maxArchiveBytes), flavour, node);
    writeMembers(kernel, flavour.user.home, "", members, flavour);
    return `${members.length} members of the archive on ${node} extracted into RAM`;
  } finally {
    device.close();
  }
}

function membersOf(bytes: Uint8Array, flavour: Flavour, name: string): readonly Member[] {
  const read = readArchive(bytes, flavour.magic);
  if (read.state === "complete") {
    return read.members;
  }
  if (read.state === "none") {
    return [];
  }
  throw new Error(
    `the userdata archive in ${name} is refused, and no key is taken from it: ${read.why}`,
  );
}

/** The kept archive, and the hash of the one whose keys were taken. */
function readKept(
  kernel: Kernel,
  folder: string,
  flavour: Flavour,
): { archive: Uint8Array; marker: string | undefined } | undefined {
  const state = stateOnDisk(flavour);
  if (kernel.lstat(`${folder}/${state}`) === undefined) {
    return undefined;
  }
  return kernel.withFolderBeneath(folder, state, (path) => {
    const archive = kernel.readNoFollow(`${path}/${archiveName}`, maxArchiveBytes);
    const marker = kernel.readNoFollow(`${path}/${markerName}`, 100);
    if (archive === undefined) {
      return undefined;
    }
    return { archive, marker: marker && Buffer.from(marker).toString("latin1").trim() };
  });
}

function isKeys({ path }: Member): boolean {
  return path === sshFolder || path.startsWith(`${sshFolder}/`);
}

/** Writes members below `base`, which lies below `root`, as the user's, through folders that are no links. */
function writeMembers(
  kernel: Kernel,
  root: string,
  base: string,
  members: readonly Member[],
  flavour: Flavour,
): void {
  const owner = { uid: flavour.user.uid, gid: flavour.user.gid };
  const below = (path: string) => [base, path].filter((part) => part !== "").join("/");
  for (const { path, kind, mode, content } of members) {
    if (kind === "folder") {
      kernel.mkdirBeneath(root, below(path), { mode, owner });
      continue;
    }
    const slash = path.lastIndexOf("/");
    const folder = below(slash === -1 ? "" : path.slice(0, slash));
    if (folder !== "") {
      kernel.mkdirBeneath(root, folder, { mode: 0o700, owner });
    }
    kernel.withFolderBeneath(root, folder === "" ? "." : folder, (opened) =>
      kernel.writeAtomic(`${opened}/${path.slice(slash + 1)}`, content, { mode, owner }),
    );
  }
}
