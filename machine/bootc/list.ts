import { isRunning } from "./boot.ts";
import { readConfigFile } from "./config-file.ts";
import { allPlaces } from "./place.ts";

/** A bootc machine of the list. */
export interface ListedBootc {
  readonly id: string;
  readonly repo: string;
  readonly sizeBytes: number;
  readonly createdMs: number;
  readonly isRunning: boolean;
  readonly sshPort: number;
}

/**
 * All machines that were started once.
 *
 * @param warn is told of one that can't be read.
 */
export async function listBootc(
  cache: string,
  warn: (text: string) => void,
): Promise<ListedBootc[]> {
  const listed: ListedBootc[] = [];
  for (const place of await allPlaces(cache)) {
    try {
      const config = await readConfigFile(place);
      if (config !== undefined) {
        listed.push({
          id: config.Id,
          repo: config.Repository,
          sizeBytes: Number(config.DiskSize),
          createdMs: Date.parse(config.Created),
          isRunning: await isRunning(place),
          sshPort: config.SshPort,
        });
      }
    } catch (error) {
      warn(error instanceof Error ? error.message : String(error));
    }
  }
  return listed;
}
