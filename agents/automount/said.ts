import * as z from "zod/mini";

// What the command says with --json, and io.boot2podman.Disks over Varlink. Code takes the types alone, so that no
// boot loads this; tests hold what is said against it.

const content = z.looseObject({ is: z.string() });

const partition = z.strictObject({
  name: z.string(),
  node: z.string(),
  number: z.int(),
  startBytes: z.int(),
  sizeBytes: z.int(),
  readOnly: z.boolean(),
  inUse: z.optional(z.string()),
  content,
});

const disk = z.strictObject({
  name: z.string(),
  node: z.string(),
  kind: z.enum(["disk", "optical", "floppy", "virtual"]),
  sizeBytes: z.int(),
  sectorBytes: z.int(),
  readOnly: z.boolean(),
  removable: z.boolean(),
  discards: z.boolean(),
  inUse: z.optional(z.string()),
  content,
  magic: z.optional(z.unknown()),
  partitions: z.readonly(z.array(partition)),
});

const plan = z.strictObject({
  row: z.optional(z.string()),
  message: z.string(),
  steps: z.array(z.string()),
  notes: z.readonly(
    z.array(z.strictObject({ disk: z.string(), row: z.string(), message: z.string() })),
  ),
});

/** `automount --dry-run --json`, of root. */
export const dryRunSaid = z.strictObject({
  options: z.looseObject({}),
  disks: z.array(disk),
  plan,
  warnings: z.array(z.string()),
});

/** `automount --json`: what was done. */
export const automountSaid = z.strictObject({
  result: z.enum(["ok", "failed", "skipped"]),
  message: z.string(),
  observed: z.array(z.string()),
  plan,
  done: z.array(z.string()),
});

/** What `automount --dry-run --json` says. */
export type DryRunSaid = z.infer<typeof dryRunSaid>;
/** What `automount --json` says. */
export type AutomountSaid = z.infer<typeof automountSaid>;
