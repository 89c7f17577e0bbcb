import { mkdir, readdir, rename } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { systemErrorCode } from "../../system-error.ts";
import { MachineError } from "../error/machine-error.ts";
import type { Person } from "../life/host.ts";
import { takeLock } from "../store/lock.ts";
import { checkSocketPaths, filesIn } from "../store/machine-files.ts";
import type { MachinePlace } from "../store/machines.ts";
import { removeFolder } from "../store/remove-folder.ts";
import { syncFolder } from "../store/write-file.ts";

/** The machine of one image: what was made of that, and what is known of its QEMU. */
export interface BootcPlace extends MachinePlace {
  /** The image's, 64 hexadecimal digits. */
  readonly id: string;
  /** Where podman-bootc has its description of the machine. */
  readonly config: string;
  /** How it was started, for a start like that. */
  readonly start: string;
  /** What was installed to a disk. */
  readonly disk: string;
  /** What the disk was made from, on filesystems without extended attributes too. */
  readonly diskMeta: string;
  /** What boots without an installation: the image's files as a disk, its kernel and initramfs. */
  readonly ephemeral: string;
  readonly cloudInit: string;
  /** The firmware's variables. */
  readonly variables: string;
  /** A folder of its own for sockets, whose paths must be short. */
  readonly sockets: string;
}

const idDigits = 64;
const shortDigits = 12;

/** The folder of all of them, which podman-bootc uses too. */
export function cacheFolder({ home, environment }: Person): string {
  const cache = environment.XDG_CACHE_HOME;
  if (home === "" && (cache === undefined || cache === "")) {
    throw new MachineError("There is no home folder for the disks of bootc images: set HOME.");
  }
  return join(
    resolve(cache === undefined || cache === "" ? join(home, ".cache") : cache),
    "podman-bootc",
  );
}

/** Where the machine of an image lies, or would. */
export function placeOf(cache: string, id: string): BootcPlace {
  const folder = join(cache, id);
  const short = id.slice(0, shortDigits);
  const sockets = join(cache, "run", short);
  const files = {
    ...filesIn(folder),
    pid: join(folder, "run.pid"),
    key: join(folder, "sshkey"),
    publicKey: join(folder, "sshkey.pub"),
    monitor: join(sockets, "monitor"),
    consoleSocket: join(sockets, "console"),
    agentSocket: join(sockets, "agent"),
    controlSocket: join(sockets, "control"),
    shareSockets: sockets,
  };
  return {
    id,
    name: short,
    files,
    config: join(folder, "bc.cfg"),
    start: join(folder, "start.json"),
    disk: join(folder, "disk.raw"),
    diskMeta: join(folder, "disk.json"),
    ephemeral: join(folder, "ephemeral"),
    cloudInit: join(folder, "cidata.iso"),
    variables: join(folder, "efi-variables.fd"),
    sockets,
  };
}

/** Makes its folders. */
export async function makePlace(place: BootcPlace): Promise<void> {
  checkSocketPaths(place.files);
  await removeFolder(removedFolder(place));
  await mkdir(place.files.folder, { recursive: true, mode: 0o700 });
  await mkdir(place.sockets, { recursive: true, mode: 0o700 });
}

/** Removes all of it: in one step it is gone, and what a killed command left of that goes with the next one. */
export async function removePlace(place: BootcPlace): Promise<void> {
  const { folder } = place.files;
  const removed = removedFolder(place);
  await removeFolder(place.sockets);
  await removeFolder(removed);
  try {
    await rename(folder, removed);
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") {
      return;
    }
    throw error;
  }
  await syncFolder(dirname(folder));
  await removeFolder(removed);
}

function removedFolder(place: BootcPlace): string {
  return `${place.files.folder}.removed`;
}

/** All that there are. */
export async function allPlaces(cache: string): Promise<BootcPlace[]> {
  try {
    const names = await readdir(cache);
    return names
      .filter((name) => isWholeId(name))
      .sort()
      .map((id) => placeOf(cache, id));
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") {
      return [];
    }
    throw error;
  }
}

/** Whether a text is an image's whole ID. */
export function isWholeId(text: string): boolean {
  return text.length === idDigits && /^[0-9a-f]+$/.test(text);
}

/** The place whose ID begins so; undefined when there is none. Throws when there are several. */
export async function findPlace(cache: string, start: string): Promise<BootcPlace | undefined> {
  if (!/^[0-9a-f]+$/.test(start)) {
    return undefined;
  }
  const found = (await allPlaces(cache)).filter(({ id }) => id.startsWith(start));
  if (found.length > 1) {
    throw new MachineError(
      `"${start}" begins the IDs of ${found.length} machines: give more digits, "podman-bootc list" shows them.`,
    );
  }
  return found[0];
}

/** The same; throws when there is none. */
export async function knownPlace(cache: string, start: string): Promise<BootcPlace> {
  const found = await findPlace(cache, start);
  if (found === undefined) {
    throw new MachineError(
      `There is no bootc machine "${start}": "podman-bootc list" shows those that there are.`,
    );
  }
  return found;
}

/** How long a command waits for another one: an installation may take long. */
const lockTimeoutMs = 3_600_000;

/** Does work that no other command does with the same machine meanwhile. */
export async function withPlace<T>(
  cache: string,
  place: BootcPlace,
  options: { command: string; report: { line(text: string): void } },
  work: () => Promise<T>,
): Promise<T> {
  const lock = await takeLock({
    store: cache,
    name: place.id,
    command: `bootc ${options.command} ${place.name}`,
    timeoutMs: lockTimeoutMs,
    onWait: (holder) => options.report.line(`Waiting for ${holder}...`),
  });
  try {
    return await work();
  } finally {
    await lock.release();
  }
}
