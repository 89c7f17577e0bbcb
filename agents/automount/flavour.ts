import * as z from "zod/mini";

const Name = z.string().check(z.regex(/^[a-z][a-z0-9-]{0,31}$/));
/** Names between slashes, none of them "." or "..". */
const AbsolutePath = z.string().check(z.regex(/^(\/(?!\.{1,2}(\/|$))[A-Za-z0-9_.-]+)+$/));
const RelativePath = z
  .string()
  .check(z.regex(/^(?!\.{1,2}(\/|$))[A-Za-z0-9_.-]+(\/(?!\.{1,2}(\/|$))[A-Za-z0-9_.-]+)*$/));
const Mode = z.int().check(z.minimum(0), z.maximum(0o7777));

/** A folder of the data disk that is bind-mounted over a folder of the system. */
const Bind = z.object({
  /** Relative to the root of the data disk. */
  from: RelativePath,
  /** Relative to the user's home folder where `owner` is "user", else absolute. */
  to: z.union([AbsolutePath, RelativePath]),
  owner: z.enum(["root", "user"]),
  mode: Mode,
});

/** What makes one product of this family: the words on its disks and the places it keeps data. */
export const Flavour = z.object({
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
export type Flavour = z.infer<typeof Flavour>;
export type Bind = z.infer<typeof Bind>;

/** Boot2Podman as shipped. */
export const boot2podman: Flavour = {
  name: "boot2podman",
  label: "boot2podman-data",
  magic: "boot2podman, please format-me",
  bootVolumePrefix: "Boot2Podman-v",
  stateFolder: "/var/lib/boot2podman",
  user: { name: "tc", uid: 1000, gid: 50, home: "/home/tc" },
  binds: [
    { from: "var/lib/boot2podman", to: "/var/lib/boot2podman", owner: "root", mode: 0o755 },
    { from: "var/lib/containers", to: "/var/lib/containers", owner: "root", mode: 0o755 },
    { from: "local/share/containers", to: ".local/share/containers", owner: "user", mode: 0o700 },
    { from: "home/tc/.ssh", to: ".ssh", owner: "user", mode: 0o700 },
  ],
};
