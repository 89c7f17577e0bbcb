import * as z from "zod/mini";
import type { Flavour } from "./flavour.ts";

const Name = z.string().check(z.regex(/^[a-z][a-z0-9-]{0,31}$/));
/** Names between slashes, none of them "." or "..". */
const AbsolutePath = z.string().check(z.regex(/^(\/(?!\.{1,2}(\/|$))[A-Za-z0-9_.-]+)+$/));
const RelativePath = z
  .string()
  .check(z.regex(/^(?!\.{1,2}(\/|$))[A-Za-z0-9_.-]+(\/(?!\.{1,2}(\/|$))[A-Za-z0-9_.-]+)*$/));
const Mode = z.int().check(z.minimum(0), z.maximum(0o7777));

const Bind = z.object({
  /** Relative to the root of the data disk. */
  from: RelativePath,
  /** Relative to the user's home folder where `owner` is "user", else absolute. */
  to: z.union([AbsolutePath, RelativePath]),
  owner: z.enum(["root", "user"]),
  mode: Mode,
});

const flavourSchema = z.object({
  name: Name,
  /** Label of the data filesystem. ext4 keeps 16 bytes; a longer one would be cut and never found again. */
  label: z.string().check(z.regex(/^[\x21-\x7e]{1,16}$/)),
  /** Bytes at offset 0 of a disk that ask for it to be formatted. */
  magic: z.string().check(z.regex(/^[\x20-\x7e]{8,99}$/)),
  /** Start of the ISO 9660 volume id of our boot medium. */
  bootVolumePrefix: z.string().check(z.minLength(1)),
  /** Folder of the system's own state: userdata.tar, host keys, hooks. */
  stateFolder: AbsolutePath,
  user: z.object({ name: Name, uid: z.int(), gid: z.int(), home: AbsolutePath }),
  binds: z.array(Bind),
});
/** The flavour that a file's text describes. Throws what is wrong with it. */
export function parseFlavour(text: string): Flavour {
  const result = flavourSchema.safeParse(JSON.parse(text));
  if (result.success) {
    return result.data;
  }
  const [issue] = result.error.issues;
  throw new Error(`${issue?.path.join(".")}: ${issue?.message}`);
}
