import * as z from "zod";
import { MachineError } from "../error/machine-error.ts";
import { publishedPort } from "../store/driver-config.ts";
import { readIfThere } from "../store/read-file.ts";
import { folderShare } from "../store/share.ts";
import { writeFileAtomic } from "../store/write-file.ts";
import type { BootcPlace } from "./place.ts";

/** bc.cfg, as podman-bootc writes it (pkg/vm/vm.go, BootcVMConfig). */
const config = z.looseObject({
  Id: z.string(),
  SshPort: z.int(),
  SshPriKey: z.string(),
  Repository: z.string(),
  /** RFC 3339. */
  Created: z.string(),
  /** Bytes. */
  DiskSize: z.string(),
});

/** What is known of a machine. */
export type BootcConfig = z.infer<typeof config>;

/** Reads bc.cfg; undefined when there is none yet. */
export async function readConfigFile(place: BootcPlace): Promise<BootcConfig | undefined> {
  return readJson(place.config, config);
}

/** What is to be said of a machine that runs, but whose bc.cfg somebody has removed. */
export function configGone({ name, config }: BootcPlace): MachineError {
  return new MachineError(
    `The machine ${name} runs, but ${config} is gone, which says where its SSH is: "podman-bootc stop ${name}" and "podman-bootc start ${name}" write it anew.`,
  );
}

/** Writes bc.cfg. */
export async function writeConfigFile(place: BootcPlace, value: BootcConfig): Promise<void> {
  await writeFileAtomic(place.config, `${JSON.stringify(value)}\n`, 0o600);
}

const start = z.object({
  mode: z.enum(["ephemeral", "disk"]),
  firmware: z.enum(["efi", "direct"]),
  user: z.string(),
  cpus: z.int(),
  memoryMib: z.int(),
  publish: z.array(publishedPort),
  volumes: z.array(folderShare),
  hasCloudInit: z.boolean(),
  /** Nothing of what the machine writes is kept. */
  isTransient: z.boolean(),
});

/** How a machine is started. */
export type StartPlan = z.infer<typeof start>;

/** Reads how a machine was started last; undefined when it never was. */
export async function readStart(place: BootcPlace): Promise<StartPlan | undefined> {
  return readJson(place.start, start);
}

/** Writes it. */
export async function writeStart(place: BootcPlace, value: StartPlan): Promise<void> {
  await writeFileAtomic(place.start, `${JSON.stringify(value)}\n`, 0o600);
}

/** Reads a file of JSON; undefined when it isn't there. Throws when it isn't in that form. */
export async function readJson<T>(path: string, schema: z.ZodType<T>): Promise<T | undefined> {
  const text = await readIfThere(path);
  if (text === undefined) {
    return undefined;
  }
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    if (error instanceof z.ZodError || error instanceof SyntaxError) {
      throw new MachineError(
        `${path} isn't in the form that it was written in: "podman-bootc rm --force" removes that machine, and "run" makes it anew.`,
        { cause: error },
      );
    }
    throw error;
  }
}
