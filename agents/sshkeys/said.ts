import * as z from "zod/mini";

// What the command says with --json, and io.boot2podman.Keys over Varlink. Code takes the types alone, so that no boot
// loads this; tests hold what is said against it.

const type = z.enum(["ed25519", "ecdsa", "rsa"]);

/** `sshkeys list --json` */
export const keysSaid = z.strictObject({
  isOnDisk: z.boolean(),
  host: z.array(
    z.strictObject({
      type,
      state: z.enum(["sound", "missing", "unusable"]),
      bits: z.optional(z.int()),
      fingerprint: z.optional(z.string()),
    }),
  ),
  authorized: z.array(
    z.strictObject({
      type: z.string(),
      bits: z.int(),
      fingerprint: z.string(),
      comment: z.string(),
      options: z.string(),
      for: z.enum(["user", "root"]),
      from: z.string(),
      counts: z.string(),
    }),
  ),
  warnings: z.array(z.string()),
});

/** `sshkeys rotate --json`: the new host keys, and the names that the old ones are kept by. */
export const rotatedSaid = z.strictObject({
  isOnDisk: z.boolean(),
  made: z.array(z.strictObject({ type, fingerprint: z.string(), keptAs: z.string() })),
});

/** What `sshkeys list --json` says. */
export type KeysSaid = z.infer<typeof keysSaid>;
/** What `sshkeys rotate --json` says. */
export type RotatedSaid = z.infer<typeof rotatedSaid>;
