import type { Lock } from "./block-devices.ts";
import type { SystemPath } from "./system-path.ts";

/** What lies at a path. */
export type FileKind = "file" | "folder" | "link" | "fifo" | "socket" | "block" | "char";

/** What lstat(2) tells of a path; links aren't followed. */
export interface FileStat {
  kind: FileKind;
  /** Permission bits with setuid, setgid and sticky: 0o0000 to 0o7777. */
  mode: number;
  uid: number;
  gid: number;
  sizeBytes: number;
  mtimeMs: number;
  /** Number of the device that the file lies on; changes where something is mounted. */
  deviceId: number;
  /** Number of the device that a block or char node stands for; 0 for others. */
  nodeId: number;
  inode: number;
}

/** Something open for writing. */
export interface Writer {
  /** Never waits: throws EAGAIN when nobody can take it now. */
  write(text: string): void;
  close(): void;
}

/** A regular file that is read part by part. */
export interface Reader {
  readonly sizeBytes: number;
  /** At most so many bytes, from where the last part ended or from `start`; none at the end. */
  read(maxBytes: number, start?: number): Uint8Array;
  close(): void;
}

/** User and group by number. */
export interface Owner {
  uid: number;
  gid: number;
}

/** More names than anybody has a use for, in bytes of a folder. */
export const longestFolderBytes = 256 * 1024;

/** Mode and owner that a new file or folder gets, whatever the umask. */
export interface Ownership {
  /** Default 0o644 for files, 0o755 for folders. */
  mode?: number;
  /** Default: whoever runs (root in the guest). */
  owner?: Owner;
}

/**
 * Files and folders, synchronous: they lie in RAM, in /proc and /sys, or on a local disk.
 * Each method throws a KernelError with the errno name.
 */
export interface Files {
  /** Follows links; a broken link doesn't exist. */
  exists(path: string): boolean;
  /** Follows links. Undefined when nothing is there. */
  stat(path: string): FileStat | undefined;
  /** Of a link itself. Undefined when nothing is there. */
  lstat(path: string): FileStat | undefined;
  readlink(path: string): string;
  /** The path with all links resolved. */
  realpath(path: string): string;
  /** At most `maxBytes` from the start; the whole file without it. */
  read(path: SystemPath, maxBytes?: number): Uint8Array;
  readText(path: SystemPath): string;
  /** As readText; undefined when nothing is there. Other errors are thrown. */
  readTextIfPresent(path: SystemPath): string | undefined;
  /** Names in the folder, sorted. */
  list(path: SystemPath): string[];
  /** As list; empty when there is no such folder. */
  listIfPresent(path: SystemPath): string[];

  /**
   * Writes a whole file so that a reader, or a boot after a power cut, sees the old content or the new:
   * temporary file, fsync, rename, fsync of the folder. The folder must exist.
   */
  writeAtomic(path: string, content: string | Uint8Array, ownership?: Ownership): void;
  /**
   * Writes into what is there (/proc, /sys, a fifo, a device) or makes or replaces a file in RAM, without
   * fsync or rename. Opening a fifo waits for its reader.
   */
  writePlain(path: SystemPath, content: string | Uint8Array, ownership?: Ownership): void;
  /** Writes a new file in place of whatever lies there, without flushing: for who flushes and renames it himself. */
  writeNew(path: string, content: string | Uint8Array, ownership?: Ownership): void;
  /** Adds to a regular file, or makes one. Throws ELOOP for a link, EINVAL or ENXIO for another kind. */
  append(path: string, content: string | Uint8Array): void;
  /** Cuts a regular file to no bytes, in place: who has it open for appending goes on. Throws as append does. */
  empty(path: string): void;
  /** Opens what is there for writing, without waiting: a fifo that has a reader, a port, a log. */
  openWriter(path: string): Writer;
  /** Flushes the content and the metadata of one file or folder to its disk. */
  fsync(path: string): void;
  /**
   * Flushes the whole filesystem that holds the file or folder (syncfs(2)). There is no flushing of all of them:
   * that waits without end for a share whose server is gone.
   */
  syncFilesystem(path: string): void;

  /** Makes the folder and its parents; ownership goes to the last one, also when it existed. */
  mkdir(path: string, ownership?: Ownership): void;
  symlink(target: string, path: string): void;
  mkfifo(path: string, ownership?: Ownership): void;
  /** Makes a device node; nothing may be there. */
  mknod(
    path: string,
    node: { kind: "char" | "block"; major: number; minor: number; mode: number },
  ): void;
  /** Opens a fifo for reading and writing and keeps it so: its readers wait until `release`. */
  holdFifo(path: string): Lock;
  unlink(path: string): void;
  rmdir(path: string): void;
  rename(from: string, to: string): void;
  chmod(path: string, mode: number): void;
  /** Of a link itself, never of what it points to. */
  chown(path: string, owner: Owner): void;
  /**
   * Copies all that lies in `from` into the folder `to`: files, folders, links as links, with modes, owners
   * and modification times. Existing files are replaced, existing folders get the mode and owner.
   */
  copyTree(from: string, to: string): void;

  /**
   * Opens the folder `relativePath` below `root` component by component, none of which may be a link or
   * lead upwards, and calls `use` with a path that stays on that very folder even when somebody renames
   * it or puts a link in its place meanwhile. For work as root where another user owns the folders
   * (a link there made guest agents write elsewhere: QEMU #3929). "." stands for root itself.
   *
   * In `use`, name single entries only (`${path}/name`), and write them with `writeAtomic`, which replaces
   * a link instead of following it, and read them with `readNoFollow`.
   * Throws ELOOP or ENOTDIR where a component is a link, ENOENT where it is missing.
   */
  withFolderBeneath<T>(root: string, relativePath: string, use: (path: string) => T): T;
  /** As mkdir with `relativePath` below `root`, in the way of withFolderBeneath; only new folders get the ownership. */
  mkdirBeneath(root: string, relativePath: string, ownership: Required<Ownership>): void;
  /**
   * Content of a regular file that is no link; undefined when nothing is there, ELOOP for a link, EINVAL for another
   * kind.
   */
  readNoFollow(path: string, maxBytes: number): Uint8Array | undefined;
  /**
   * Names in a folder of anybody's, sorted; empty when nothing is there. Throws ENOTDIR for what is no folder, a link
   * to one too, and EFBIG for one that takes more than `maxBytes` on its filesystem: on ext4 a million names are 20 MB
   * or more.
   */
  listNoFollow(path: string, maxBytes?: number): string[];
  /** As readNoFollow, for a file that may be too large for memory. */
  openReader(path: string): Reader | undefined;
}
