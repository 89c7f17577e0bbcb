import { stat } from "node:fs/promises";
import { join } from "node:path";
import { MachineError } from "../error/machine-error.ts";
import { asMachineError } from "../error/system-failure.ts";
import { loadTemplate, machinesOfTemplate, templateNames } from "../store/templates.ts";

/** A template as it is listed. */
export interface ListedTemplate {
  readonly name: string;
  /** The machine that was saved. */
  readonly machine: string;
  /** When (ISO 8601). */
  readonly created: string;
  readonly imageId: string;
  readonly imageVersion: string;
  /** Made by `run`. */
  readonly isCache: boolean;
  /** When it was made, or used by `run` (Unix milliseconds). */
  readonly usedMs: number;
  /** What its memory and devices take on this host's disk. Its data is the machine's too, but for one of `run`, which has none. */
  readonly bytes: number;
  /** The machines that go on from it. */
  readonly forks: readonly string[];
  /** What has to be alike where it goes on. */
  readonly hardware: Readonly<Record<string, string>>;
  /** Why it can't be used; empty when nothing is known to be wrong. */
  readonly error: string;
}

const blockBytes = 512;

/** All templates of a store. One that is broken is listed with what is wrong. */
export async function listTemplates(store: string): Promise<ListedTemplate[]> {
  return Promise.all((await templateNames(store)).map((name) => look(store, name)));
}

async function look(store: string, name: string): Promise<ListedTemplate> {
  try {
    const { files, machine, created, base, imageId, imageVersion, isCache, hardware } =
      await loadTemplate(store, name);
    const disk = isCache ? [join(files.folder, base)] : [];
    const sizes = await Promise.all(
      [files.memory, files.state, ...disk].map(
        async (path) => (await stat(path)).blocks * blockBytes,
      ),
    );
    return {
      ...{ name, machine, created, imageId, imageVersion, isCache, hardware },
      bytes: sizes.reduce((sum, bytes) => sum + bytes, 0),
      usedMs: (await stat(files.description)).mtimeMs,
      forks: await machinesOfTemplate(store, name),
      error: "",
    };
  } catch (cause) {
    const error = asMachineError(cause);
    if (!(error instanceof MachineError)) {
      throw error;
    }
    return {
      ...{ name, machine: "", created: "", imageId: "", imageVersion: "", isCache: false },
      ...{ hardware: {}, usedMs: 0, bytes: 0, forks: [], error: error.message },
    };
  }
}
