import { stat } from "node:fs/promises";
import { isRunning } from "./boot.ts";
import { configGone, readConfigFile, readStart } from "./config-file.ts";
import { knownEphemeral } from "./ephemeral.ts";
import { knownDisk } from "./install.ts";
import { allPlaces, type BootcPlace } from "./place.ts";

/** A bootc machine of the list. */
export interface ListedBootc {
  readonly id: string;
  readonly repo: string;
  readonly sizeBytes: number;
  readonly createdMs: number;
  readonly isRunning: boolean;
  /** 0 when it isn't known. */
  readonly sshPort: number;
}

/**
 * All machines that were started once, those without their bc.cfg too: they take room, and memory while they run.
 *
 * @param warn is told of one that can't be read, or can't be reached.
 */
export async function listBootc(
  cache: string,
  warn: (text: string) => void,
): Promise<ListedBootc[]> {
  const listed: ListedBootc[] = [];
  for (const place of await allPlaces(cache)) {
    try {
      const one = await look(place, warn);
      if (one !== undefined) {
        listed.push(one);
      }
    } catch (error) {
      warn(error instanceof Error ? error.message : String(error));
    }
  }
  return listed;
}

async function look(
  place: BootcPlace,
  warn: (text: string) => void,
): Promise<ListedBootc | undefined> {
  const config = await readConfigFile(place);
  const runs = await isRunning(place);
  if (config !== undefined) {
    return {
      id: config.Id,
      repo: config.Repository,
      sizeBytes: Number(config.DiskSize),
      createdMs: Date.parse(config.Created),
      isRunning: runs,
      sshPort: config.SshPort,
    };
  }
  const start = await readStart(place);
  if (start === undefined && !runs) {
    return undefined;
  }
  if (runs) {
    warn(configGone(place).message);
  }
  const sizeBytes =
    start?.mode === "disk" ? await knownDisk(place) : (await knownEphemeral(place))?.sizeBytes;
  return {
    id: place.name,
    repo: unknownRepo,
    sizeBytes: sizeBytes ?? 0,
    createdMs: (await stat(place.files.folder)).mtimeMs,
    isRunning: runs,
    sshPort: 0,
  };
}

/** As podman has it for an image without a name. */
const unknownRepo = "<none>";
