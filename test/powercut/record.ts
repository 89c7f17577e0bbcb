import { readFileSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { mebibyte } from "../../agents/units/bytes.ts";
import { userdataArchive } from "../../machine/disk/userdata-archive.ts";
import type { Identity } from "../vm/harness/data-disk.ts";
import { TestMachine } from "../vm/harness/test-machine.ts";
import { SparseDisk } from "./sparse-disk.ts";
import { type Entry, readWriteLog } from "./write-log.ts";

/** What the disk owes from a flush on: a file of the data filesystem with this content. */
export interface Owed {
  flushes: number;
  path: string;
  content: string;
}

/** Everything that a boot wrote to its disk, and what it said was safe. */
export interface Recording {
  name: string;
  sectorBytes: number;
  start: SparseDisk;
  entries: readonly Entry[];
  owed: readonly Owed[];
  /** Where the data filesystem lies on the disk. */
  dataOffsetBytes: number;
  /** The line of authorized_keys that the disk brings; undefined for one that brings none. */
  key: string | undefined;
  /** Broken on purpose from this entry on: see broken.ts. */
  brokenFrom?: number;
  every: number;
}

export interface Recorded {
  name: string;
  sizeMiB: number;
  sectorBytes: 512 | 4096;
  /** "marked": starts with the magic and the archive; "blank": zeros; or a disk that was in use, with what it owes. */
  start: "marked" | "blank" | Used;
  append?: string;
  /** Only every so many cut points are tried: each costs seconds on a disk of terabytes. */
  every?: number;
}

/** A disk that an earlier boot left. */
export interface Used {
  disk: SparseDisk;
  owed: readonly Owed[];
}

/** Boots the real image with a disk whose writes and flushes QEMU logs, uses it a little, and pulls the plug. */
export async function record(wanted: Recorded, identity: Identity): Promise<Recording> {
  const { folder } = identity;
  const file = path.join(folder, `${wanted.name}.raw`);
  const log = path.join(folder, `${wanted.name}.log`);
  const start = startOf(wanted, identity);
  await start.save(file);
  await writeFile(log, "");
  const machine = await TestMachine.start({
    key: identity.key,
    extra: [...loggedDisk(file, log, wanted.sectorBytes), ...keysFromOutside(identity)],
    ...(wanted.append === undefined ? {} : { append: wanted.append }),
  });
  const owed = typeof wanted.start === "object" ? [...wanted.start.owed] : [];
  try {
    await machine.root("grep -q ' /var/lib/boot2podman ext4 rw' /proc/mounts");
    const owe = async (files: readonly string[]) => {
      const flushes = flushesIn(log);
      for (const name of files) {
        const content = await machine.root(`cat /var/lib/boot2podman/${name}`);
        owed.push({ flushes, path: `var/lib/boot2podman/${name}`, content });
      }
    };
    // sshd listens: its host keys have to be there on every later boot.
    await owe(["etc/ssh/ssh_host_ed25519_key", "etc/ssh/ssh_host_ecdsa_key"]);
    for (const word of ["one", "two"]) {
      const name = `note-${wanted.name}-${word}`;
      await machine.root(
        `cd /var/lib/boot2podman && echo ${word} > ${name} && sync ${name} && sync .`,
      );
      await owe([name]);
    }
  } finally {
    await machine.remove();
  }
  const entries = readWriteLog(await readFile(log));
  const key = wanted.start === "blank" ? undefined : keyLine(identity);
  const dataOffsetBytes = wanted.sizeMiB > 2 ** 21 ? 2 * mebibyte : mebibyte;
  const { name, sectorBytes } = wanted;
  return {
    name,
    sectorBytes,
    dataOffsetBytes,
    start,
    entries,
    owed,
    key,
    every: wanted.every ?? 1,
  };
}

/** The disk when everything was written, where another recording may go on. */
export function endOf({ start, entries, owed }: Recording): Used {
  const disk = start.copy();
  for (const entry of entries) {
    if (entry.kind === "write") {
      disk.write(entry.offsetBytes, entry.content);
    }
  }
  return { disk, owed: owed.map((one) => ({ ...one, flushes: 0 })) };
}

function startOf({ start, sizeMiB }: Recorded, identity: Identity): SparseDisk {
  if (typeof start === "object") {
    return start.disk.copy(sizeMiB * mebibyte);
  }
  const disk = new SparseDisk(sizeMiB * mebibyte);
  if (start === "marked") {
    disk.write(0, userdataArchive({ publicKey: identity.publicKey }));
  }
  return disk;
}

/**
 * Without discards and writes of zeros (see readWriteLog), and without merged requests: QEMU loses the log entry of
 * one that has as many parts as the host takes at once. The host's own flushes are not needed.
 */
export function loggedDisk(file: string, log: string, sectorBytes: number): string[] {
  return [
    ...loggedNodes(file, log, "-blockdev"),
    "-device",
    `virtio-blk-pci,drive=logged,write-cache=on,request-merging=off,discard=off,write-zeroes=off,logical_block_size=${sectorBytes},physical_block_size=${sectorBytes}`,
  ];
}

/** The node "logged": an image with its log. */
export function loggedNodes(
  file: string,
  log: string,
  option: "-blockdev" | "--blockdev",
): string[] {
  const nodes = [
    `driver=file,node-name=platter,filename=${file},cache.no-flush=on`,
    `driver=file,node-name=log,filename=${log},cache.no-flush=on`,
    "driver=blklogwrites,node-name=logged,file=platter,log=log,log-sector-size=512,discard=ignore",
  ];
  return nodes.flatMap((node) => [option, node]);
}

/** The lab's own way in, which no disk has to bring. */
export function keysFromOutside({ publicKey }: Identity): string[] {
  const value = Buffer.from(`${publicKey}\n`).toString("base64");
  const credential = `io.systemd.credential.binary:ssh.ephemeral-authorized_keys-all=${value}`;
  return ["-smbios", `type=11,value=${credential}`];
}

export function keyLine({ publicKey }: Identity): string {
  return publicKey.trim().split(" ").slice(0, 2).join(" ");
}

export function flushesIn(log: string): number {
  return readWriteLog(readFileSync(log)).filter(({ kind }) => kind === "flush").length;
}
