import * as z from "zod/mini";
import { sources } from "../settings/options/sources.ts";

// What `boot2podman status` says with --json, and io.boot2podman.Status and .Health over Varlink. Only tests load
// this: what is said is held against it.

/** A container's health. */
export const healthSaid = z.strictObject({
  owner: z.string(),
  name: z.string(),
  id: z.string(),
  health: z.string(),
  failingStreak: z.int(),
  trouble: z.optional(z.string()),
});

/** A stage of the boot. */
export const stageSaid = z.strictObject({
  stage: z.string(),
  result: z.enum(["ok", "failed", "skipped"]),
  startedMs: z.number(),
  durationMs: z.number(),
  observed: z.unknown(),
  plan: z.unknown(),
  done: z.array(z.string()),
  message: z.string(),
});

/** The data disk. */
export const dataDiskSaid = z.strictObject({
  partition: z.string(),
  filesystem: z.string(),
  mount: z.string(),
});

/** `boot2podman status --json` */
export const statusSaid = z.strictObject({
  version: z.string(),
  hypervisor: z.string(),
  root: z.enum(["noembed", "embed"]),
  usrDisk: z.nullable(z.string()),
  dataDisk: z.nullable(dataDiskSaid),
  isFallback: z.boolean(),
  settings: z.array(
    z.strictObject({ name: z.string(), value: z.string(), source: z.enum(sources) }),
  ),
  services: z.array(
    z.strictObject({
      name: z.string(),
      pid: z.int(),
      startedMs: z.number(),
      failures: z.int(),
      isRunning: z.boolean(),
    }),
  ),
  health: z.array(healthSaid),
  stages: z.array(stageSaid),
  warnings: z.array(z.string()),
});

/** `boot2podman extension ls --json` */
export const extensionsSaid = z.array(
  z.strictObject({
    name: z.string(),
    version: z.string(),
    sizeBytes: z.int(),
    isLoaded: z.boolean(),
    isOnboot: z.boolean(),
    path: z.string(),
    needs: z.array(z.string()),
    notes: z.array(z.string()),
  }),
);

/** What any other command of extensions says. */
export const extensionsChangedSaid = z.strictObject({
  done: z.array(z.string()),
  problems: z.array(z.string()),
});
