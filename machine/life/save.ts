import { copyFile, mkdir, rename, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { driverOf } from "../driver/drivers.ts";
import { MachineError } from "../error/machine-error.ts";
import { withLock } from "../store/lock.ts";
import { loadMachine, type Machine, wrongDriver } from "../store/machines.ts";
import { checkName } from "../store/name.ts";
import {
  findTemplate,
  machinesOfTemplate,
  type Template,
  templateFilesIn,
  templatesFolder,
  unfinishedTemplate,
  writeTemplate,
} from "../store/templates.ts";
import { syncFolder } from "../store/write-file.ts";
import { type Host, machineLock, observeTimeoutMs, templateLock } from "./host.ts";
import { settled } from "./settle.ts";

/** What came of a save. */
export interface Saved {
  readonly template: Template;
  /** For how long the guest was stopped. */
  readonly stoppedMs: number;
}

/**
 * Saves a machine that runs as a template, and lets it go on. The template is made in a folder beside the others and
 * renamed when it is whole; one of that name gives way, unless machines go on from it.
 */
export async function saveMachine(
  host: Host,
  name: string,
  options: { as: string; isCache?: boolean },
): Promise<Saved> {
  checkName(options.as);
  await loadMachine(host.store, name);
  return withLock(templateLock(host, options.as, "save"), async () => {
    await refuseWithForks(host.store, options.as, "replaced");
    return withLock(machineLock(host, name, "save"), async () => {
      const machine = await loadMachine(host.store, name);
      const driver = driverOf(host.store, machine.config.DriverName);
      const { save } = driver;
      if (save === undefined) {
        throw wrongDriver(machine, "machines that are run from here and can be saved");
      }
      const { state, error } = await settled(machine.files, () =>
        driver.observe(machine, observeTimeoutMs),
      );
      if (state !== "Running") {
        throw new MachineError(
          `"${name}" can't be saved, its state is ${state}: ${error ?? `start it first with "podman-machine start ${name}"`}.`,
        );
      }
      return writeAll(host, machine, options, save);
    });
  });
}

async function writeAll(
  host: Host,
  machine: Machine,
  { as, isCache = false }: { as: string; isCache?: boolean },
  save: NonNullable<ReturnType<typeof driverOf>["save"]>,
): Promise<Saved> {
  const unfinished = unfinishedTemplate(host.store, as, "saving");
  await rm(unfinished, { recursive: true, force: true });
  try {
    await mkdir(unfinished, { recursive: true, mode: 0o700 });
    const files = templateFilesIn(unfinished);
    const { stoppedMs, ...guest } = await save(machine, files, host.report);
    // With it whoever has the store logs in to the forks too.
    for (const path of [machine.files.key, machine.files.publicKey]) {
      await copyFile(path, join(unfinished, basename(path)));
    }
    const template = {
      name: as,
      files,
      machine: machine.name,
      config: machine.config,
      created: new Date().toISOString(),
      isCache,
      ...guest,
    };
    await writeTemplate(template);
    const folder = join(templatesFolder(host.store), as);
    await removeFolder(host.store, as);
    await rename(unfinished, folder);
    await syncFolder(templatesFolder(host.store));
    return { template: { ...template, files: templateFilesIn(folder) }, stoppedMs };
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    throw error;
  }
}

/** Removes a template. Throws while machines go on from it. */
export async function removeTemplate(host: Host, name: string): Promise<void> {
  await withLock(templateLock(host, name, "save rm"), async () => {
    if ((await findTemplate(host.store, name)) === undefined) {
      throw new MachineError(
        `There is no template "${name}": "podman-machine save ls" lists them.`,
      );
    }
    await refuseWithForks(host.store, name, "removed");
    await removeFolder(host.store, name);
    await rm(unfinishedTemplate(host.store, name, "saving"), { recursive: true, force: true });
  });
}

async function refuseWithForks(store: string, name: string, verb: string): Promise<void> {
  const forks = await machinesOfTemplate(store, name);
  if (forks.length > 0) {
    throw new MachineError(
      `The template "${name}" can't be ${verb}, since machines go on from it: ${forks.join(", ")}. Remove them first, or save under another name with --as.`,
    );
  }
}

/** One step makes it gone; a crash while the files are deleted leaves no half of a template. */
async function removeFolder(store: string, name: string): Promise<void> {
  const removed = unfinishedTemplate(store, name, "removing");
  await rm(removed, { recursive: true, force: true });
  if ((await findTemplate(store, name)) !== undefined) {
    await rename(join(templatesFolder(store), name), removed);
    await syncFolder(templatesFolder(store));
    await rm(removed, { recursive: true, force: true });
  }
}
