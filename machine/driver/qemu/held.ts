import { rm } from "node:fs/promises";
import * as z from "zod";
import type { MachineFiles } from "../../store/machine-files.ts";
import type { MachinePlace } from "../../store/machines.ts";
import { readIfThere } from "../../store/read-file.ts";
import { writeFileAtomic } from "../../store/write-file.ts";
import type { Observed } from "../contract/driver.ts";

const held = z.discriminatedUnion("Kind", [
  /** It is being saved: nobody is answered until it is told that it is the same. */
  z.object({ Kind: z.literal("save"), Base: z.string(), Node: z.string() }),
  /** It goes on from a template: until it has its identity it has the template's. */
  z.object({
    Kind: z.literal("wake"),
    Template: z.string(),
    SameKeys: z.boolean(),
    /** That of the template itself, which keeps its name. */
    IsSame: z.boolean(),
    HasAgent: z.boolean(),
  }),
]);

/** Why a machine's guest answers nobody: written before that begins, removed when it is over. */
export type Held = z.infer<typeof held>;

/**
 * The state of a machine with such a mark, from what its QEMU says. One that waits for the state of a template is on its
 * way up for ever when nobody gives it that.
 */
export function decideHeld({ name }: MachinePlace, value: Held, observed: Observed): Observed {
  const { state } = observed;
  const isUp = state === "Running" || state === "Paused";
  if (!(isUp || (value.Kind === "wake" && state === "Starting"))) {
    return observed;
  }
  const what =
    value.Kind === "save"
      ? "it is being saved, or that was interrupted"
      : `it is about to go on from the template "${value.Template}", or that was interrupted`;
  return {
    state: "Paused",
    error: `${what}: "podman-machine start ${name}" goes on where it was`,
    canGoOn: true,
  };
}

/** Reads the mark of a machine; undefined when there is none. */
export async function readHeld(files: MachineFiles): Promise<Held | undefined> {
  const text = await readIfThere(files.held);
  if (text === undefined) {
    return undefined;
  }
  try {
    return held.parse(JSON.parse(text));
  } catch (error) {
    if (error instanceof z.ZodError || error instanceof SyntaxError) {
      return undefined;
    }
    throw error;
  }
}

/** Writes it. */
export function writeHeld(files: MachineFiles, value: Held): Promise<void> {
  return writeFileAtomic(files.held, `${JSON.stringify(value)}\n`, 0o600);
}

/** Takes it away. */
export function removeHeld(files: MachineFiles): Promise<void> {
  return rm(files.held, { force: true });
}
