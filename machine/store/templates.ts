import { readdir } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { systemErrorCode } from "../../system-error.ts";
import { MachineError } from "../error/machine-error.ts";
import { checkConfig, type MachineConfig, readConfig, wrongKey } from "./config.ts";
import { checkName } from "./name.ts";
import { readIfThere } from "./read-file.ts";
import { writeFileAtomic } from "./write-file.ts";

/** Where everything of a template lies. */
export interface TemplateFiles {
  readonly folder: string;
  /** What it is; written last. */
  readonly description: string;
  /** The guest's memory, which forks map. */
  readonly memory: string;
  /** The devices, in QEMU's words. */
  readonly state: string;
}

const description = z.object({
  Format: z.literal(1),
  Name: z.string(),
  /** The machine that was saved, and its settings. */
  Machine: z.string(),
  Config: z.unknown(),
  /** When, by this host's clock (ISO 8601). */
  Created: z.string(),
  /** The file with the disk as it was. */
  Base: z.string().regex(/^base-[0-9a-f]+\.qcow2$/),
  ImageId: z.string(),
  ImageVersion: z.string(),
  /** Of the guest, as `type base64`. */
  HostKeys: z.array(z.string()),
  /** What another QEMU has to have alike: each line names one thing. */
  Hardware: z.record(z.string(), z.string()),
  /** Made by `run`, and removed by it when there are too many. */
  IsCache: z.boolean().default(false),
});

/** A template as the store has it. */
export interface Template {
  readonly name: string;
  readonly files: TemplateFiles;
  readonly machine: string;
  readonly config: MachineConfig;
  readonly created: string;
  readonly base: string;
  readonly imageId: string;
  readonly imageVersion: string;
  readonly hostKeys: readonly string[];
  readonly hardware: Readonly<Record<string, string>>;
  readonly isCache: boolean;
}

/** The folder of all templates of a store. */
export function templatesFolder(store: string): string {
  return join(store, "templates");
}

/** The files of a template in its folder. */
export function templateFilesIn(folder: string): TemplateFiles {
  return {
    folder,
    description: join(folder, "template.json"),
    memory: join(folder, "memory"),
    state: join(folder, "state"),
  };
}

/** A template that is being made, or deleted: a name can't start with a dot. */
export function unfinishedTemplate(store: string, name: string, verb: "saving" | "removing") {
  return join(templatesFolder(store), `.${verb}-${name}`);
}

/** The names of all templates. */
export async function templateNames(store: string): Promise<string[]> {
  try {
    const names = await readdir(templatesFolder(store));
    return names.filter((name) => !name.startsWith(".")).sort();
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") {
      return [];
    }
    throw error;
  }
}

/** Reads a template; undefined when there is none of that name. Throws when its description is wrong. */
export async function findTemplate(store: string, name: string): Promise<Template | undefined> {
  checkName(name);
  const files = templateFilesIn(join(templatesFolder(store), name));
  const text = await readIfThere(files.description);
  if (text === undefined) {
    return undefined;
  }
  const read = description.safeParse(parseJson(text, files.description));
  if (!read.success) {
    throw wrongKey(read.error, files.description);
  }
  const found = read.data;
  return {
    name,
    files,
    machine: found.Machine,
    config: checkConfig(found.Config, files.description),
    created: found.Created,
    base: found.Base,
    imageId: found.ImageId,
    imageVersion: found.ImageVersion,
    hostKeys: found.HostKeys,
    hardware: found.Hardware,
    isCache: found.IsCache,
  };
}

/** Reads a template. Throws when there is none of that name. */
export async function loadTemplate(store: string, name: string): Promise<Template> {
  const found = await findTemplate(store, name);
  if (found === undefined) {
    throw new MachineError(
      `There is no template "${name}": "podman-machine save ls" lists them, "podman-machine save" makes one of a machine that runs.`,
    );
  }
  return found;
}

/** Writes down what a template is, which makes it one. */
export function writeTemplate(template: Template): Promise<void> {
  const value: z.input<typeof description> = {
    Format: 1,
    Name: template.name,
    Machine: template.machine,
    Config: template.config,
    Created: template.created,
    Base: template.base,
    ImageId: template.imageId,
    ImageVersion: template.imageVersion,
    HostKeys: [...template.hostKeys],
    Hardware: { ...template.hardware },
    IsCache: template.isCache,
  };
  return writeFileAtomic(template.files.description, `${JSON.stringify(value, null, 4)}\n`, 0o600);
}

/** The machines that go on from a template's memory, those being made included. */
export async function machinesOfTemplate(store: string, name: string): Promise<string[]> {
  const folder = join(store, "machines");
  const names = await readdir(folder).catch((error: unknown) => {
    if (systemErrorCode(error) === "ENOENT") {
      return [];
    }
    throw error;
  });
  const found: string[] = [];
  for (const machine of names) {
    try {
      const { Driver } = await readConfig(join(folder, machine, "config.json"), machine);
      if ("Template" in Driver && Driver.Template === name) {
        found.push(machine.replace(/^\.creating-/, ""));
      }
    } catch (error) {
      // Without a sound config it is nobody's fork that could be started.
      if (!(error instanceof MachineError)) {
        throw error;
      }
    }
  }
  return found.sort();
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new MachineError(`${path} is not JSON: remove the template's folder.`, { cause: error });
  }
}
