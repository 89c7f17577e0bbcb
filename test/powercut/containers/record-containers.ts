import { closeSync, openSync, readSync, statSync } from "node:fs";
import { readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { mebibyte } from "../../../agents/units/bytes.ts";
import { userdataArchive } from "../../../machine/disk/userdata-archive.ts";
import type { Identity } from "../../vm/harness/data-disk.ts";
import { Registry } from "../../vm/harness/registry.ts";
import { TestMachine } from "../../vm/harness/test-machine.ts";
import { keysFromOutside, loggedDisk } from "../record.ts";
import { SparseDisk } from "../sparse-disk.ts";
import { type Entry, readWriteLog } from "../write-log.ts";
import { type Operation, operations } from "./operations.ts";

const sizeMiB = 1536;
const sectorBytes = 512;
/** A dirty page is written after half a minute at the latest, and looked for every five seconds. */
const afterwardsMs = 60_000;
/** Between two operations: the journal's own commit comes every five seconds. */
const betweenMs = 8_000;

/** What a machine wrote to its disk while somebody worked with Podman. */
export interface ContainerRecording {
  name: string;
  start: SparseDisk;
  entries: readonly Entry[];
  /** Cuts before it are another test's: the disk is being set up. */
  firstEntry: number;
  dataOffsetBytes: number;
  /** Names of operations, and how many bytes of the log there were when each had ended. */
  ended: readonly { name: string; entries: number }[];
  /** All that the disk has in the end is what these make. */
  operations: readonly Operation[];
}

/**
 * Boots the real image, has it do all operations, waits until everything has been written by itself, and pulls the
 * plug. `without` takes the mend away: blocks are given late, and nobody flushes.
 */
export async function recordContainers(
  name: string,
  identity: Identity,
  { without }: { without: boolean },
): Promise<ContainerRecording> {
  const file = path.join(identity.folder, `${name}.raw`);
  const log = path.join(identity.folder, `${name}.log`);
  const start = new SparseDisk(sizeMiB * mebibyte);
  start.write(0, userdataArchive({ publicKey: identity.publicKey }));
  await start.save(file);
  await writeFile(log, "");
  const registry = await Registry.start();
  const marks: { name: string; bytes: number }[] = [];
  const mark = (what: string) => marks.push({ name: what, bytes: statSync(log).size });
  try {
    const machine = await TestMachine.start({
      key: identity.key,
      memoryMiB: 2048,
      // A container keeps the profile that it was made with, and starts on no kernel without AppArmor, as this host's may be.
      append: "apparmor=0",
      extra: [...loggedDisk(file, log, sectorBytes), ...keysFromOutside(identity)],
    });
    try {
      await machine.root("grep -q ' /var/lib/containers ext4 rw' /proc/mounts");
      if (without) {
        await machine.root(
          "mount -o remount,delalloc /var/lib/containers && kill -STOP $(pidof init-hooks agents)",
        );
      }
      mark("start");
      for (const { name: what, user, script } of operations) {
        await machine.guest(`REGISTRY=10.0.2.2:${registry.port}\n${script}`, {
          user,
          timeoutMs: 1_200_000,
        });
        mark(what);
        await new Promise((resolve) => setTimeout(resolve, betweenMs));
      }
      await new Promise((resolve) => setTimeout(resolve, afterwardsMs));
    } finally {
      await machine.remove();
    }
  } finally {
    await registry.stop();
  }
  const entries = readWriteLog(await readFile(log));
  const ended = marks.map(({ name: what, bytes }) => ({
    name: what,
    entries: readWriteLog(startOfLog(log, bytes)).length,
  }));
  await rm(file, { force: true });
  await rm(log, { force: true });
  const firstEntry = ended[0]?.entries ?? 0;
  return { name, start, entries, firstEntry, dataOffsetBytes: mebibyte, ended, operations };
}

/** The start of the log, as it was then: its head counts entries that came later. */
export function startOfLog(log: string, bytes: number): Buffer {
  const fd = openSync(log, "r");
  try {
    const buffer = Buffer.alloc(bytes);
    const got = readSync(fd, buffer, 0, bytes, 0);
    // The least count of entries, of which nothing is known for this part.
    buffer.writeBigUInt64LE(0n, 16);
    return buffer.subarray(0, got);
  } finally {
    closeSync(fd);
  }
}
