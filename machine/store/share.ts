import * as z from "zod";

/** A folder of the host that the guest sees. */
export const folderShare = z.strictObject({
  /** Names the device; the guest finds it by this. */
  Tag: z.string().min(1),
  /** Absolute paths. */
  HostFolder: z.string().startsWith("/"),
  GuestFolder: z.string().startsWith("/"),
  ReadOnly: z.boolean().default(false),
});

/** A folder of the host that the guest sees. */
export type FolderShare = z.infer<typeof folderShare>;
