import * as fs from "node:fs";
import { dirname, join } from "node:path";
import {
  type FileKind,
  type FileStat,
  type Files,
  longestFolderBytes,
  type Ownership,
} from "../files.ts";
import { hasCode, KernelError } from "../kernel-error.ts";
import { asKernelError, attempt } from "./attempt.ts";
import { copyFolder } from "./copy-folder.ts";
import { checked, cString, libc } from "./libc.ts";

const {
  O_APPEND,
  O_CREAT,
  O_DIRECTORY,
  O_EXCL,
  O_NOFOLLOW,
  O_NOCTTY,
  O_NONBLOCK,
  O_RDONLY,
  O_RDWR,
  O_WRONLY,
  O_TRUNC,
} = fs.constants;

/** Files by node:fs, which is synchronous and native in Bun. */
export const linuxFiles: Files = {
  exists: (path) => fs.existsSync(path),
  stat: (path) => present("stat", path, () => statOf(fs.statSync(path))),
  lstat: (path) => present("lstat", path, () => statOf(fs.lstatSync(path))),
  readlink: (path) => attempt("readlink", path, () => fs.readlinkSync(path)),
  realpath: (path) => attempt("realpath", path, () => fs.realpathSync(path)),
  read(path, maxBytes) {
    if (maxBytes === undefined) {
      return attempt("read", path, () => fs.readFileSync(path));
    }
    return attempt("read", path, () =>
      withDescriptor(fs.openSync(path, O_RDONLY), (fd) => readFrom(fd, maxBytes)),
    );
  },
  readText: (path) => attempt("read", path, () => fs.readFileSync(path, "utf8")),
  readTextIfPresent: (path) => present("read", path, () => fs.readFileSync(path, "utf8")),
  list: (path) => attempt("list", path, () => fs.readdirSync(path).sort()),
  listIfPresent: (path) => present("list", path, () => fs.readdirSync(path).sort()) ?? [],

  writeAtomic(path, content, ownership = {}) {
    attempt("write", path, () => writeAtomic(path, content, ownership));
  },
  writePlain(path, content, ownership) {
    attempt("write", path, () => {
      const fd = fs.openSync(path, O_WRONLY | O_CREAT | O_TRUNC, 0o644);
      withDescriptor(fd, () => {
        if (ownership !== undefined) {
          own(fd, ownership, undefined);
        }
        writeAll(fd, content);
      });
    });
  },
  writeNew(path, content, ownership = {}) {
    attempt("write", path, () => {
      fs.rmSync(path, { force: true });
      const fd = fs.openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
      withDescriptor(fd, () => {
        writeAll(fd, content);
        own(fd, ownership, 0o644);
      });
    });
  },
  append(path, content) {
    const fd = openRegular("append to", path, O_WRONLY | O_APPEND | O_CREAT);
    withDescriptor(fd, () => attempt("append to", path, () => writeAll(fd, content)));
  },
  empty(path) {
    const fd = openRegular("empty", path, O_WRONLY);
    withDescriptor(fd, () => attempt("empty", path, () => fs.ftruncateSync(fd)));
  },
  openWriter(path) {
    const fd = attempt("open", path, () =>
      fs.openSync(path, O_WRONLY | O_APPEND | O_NONBLOCK | O_NOCTTY),
    );
    return {
      write: (text) => attempt("write to", path, () => writeAll(fd, text)),
      close: () => fs.closeSync(fd),
    };
  },
  fsync: (path) =>
    attempt("fsync", path, () => withDescriptor(fs.openSync(path, O_RDONLY), fs.fsyncSync)),
  syncFilesystem(path) {
    const fd = attempt("open", path, () => fs.openSync(path, O_RDONLY));
    withDescriptor(fd, () => checked("syncfs", path, libc().syncfs(fd)));
  },

  mkdir(path, ownership) {
    attempt("mkdir", path, () => {
      fs.mkdirSync(path, { recursive: true, mode: 0o755 });
      if (ownership?.owner !== undefined) {
        fs.lchownSync(path, ownership.owner.uid, ownership.owner.gid);
      }
      if (ownership?.mode !== undefined) {
        fs.chmodSync(path, ownership.mode);
      }
    });
  },
  symlink: (target, path) => attempt("symlink", path, () => fs.symlinkSync(target, path)),
  mkfifo(path, ownership = {}) {
    checked("mkfifo", path, libc().mkfifo(cString(path), 0o600));
    const { owner, mode = 0o644 } = ownership;
    attempt("mkfifo", path, () => {
      if (owner !== undefined) {
        fs.lchownSync(path, owner.uid, owner.gid);
      }
      fs.chmodSync(path, mode);
    });
  },
  mknod(path, { kind, major, minor, mode }) {
    const type = kind === "block" ? fs.constants.S_IFBLK : fs.constants.S_IFCHR;
    const number = deviceNumber(major, minor);
    checked("mknod", path, libc().mknod(cString(path), type | 0o600, number));
    attempt("mknod", path, () => fs.chmodSync(path, mode));
  },
  holdFifo(path) {
    const fd = attempt("hold", path, () => fs.openSync(path, O_RDWR));
    return { release: () => fs.closeSync(fd) };
  },
  unlink: (path) => attempt("unlink", path, () => fs.unlinkSync(path)),
  rmdir: (path) => attempt("rmdir", path, () => fs.rmdirSync(path)),
  rename: (from, to) => attempt("rename", `${from} to ${to}`, () => fs.renameSync(from, to)),
  chmod: (path, mode) => attempt("chmod", path, () => fs.chmodSync(path, mode)),
  chown: (path, owner) => attempt("chown", path, () => fs.lchownSync(path, owner.uid, owner.gid)),
  copyTree: (from, to) => copyFolder(from, to),

  withFolderBeneath(root, relativePath, use) {
    const fd = openBeneath(root, relativePath);
    return withDescriptor(fd, () => use(descriptorPath(fd)));
  },
  mkdirBeneath(root, relativePath, ownership) {
    let fd = openBeneath(root, ".");
    try {
      for (const name of componentsOf(root, relativePath)) {
        const path = `${descriptorPath(fd)}/${name}`;
        const isNew = makeFolder(path);
        const inner = openFolder(path, `${root}/${relativePath}`);
        fs.closeSync(fd);
        fd = inner;
        if (isNew) {
          attempt("mkdir", path, () => own(inner, ownership, undefined));
        }
      }
    } finally {
      fs.closeSync(fd);
    }
  },
  listNoFollow(path, maxBytes = longestFolderBytes) {
    const names = present("list", path, () => {
      const fd = openFolder(path, path);
      return withDescriptor(fd, () => {
        const { size } = fs.fstatSync(fd);
        if (size > maxBytes) {
          throw new KernelError("list", path, "EFBIG", {
            detail: `the folder takes ${size} bytes on its disk, and at most ${maxBytes} are read`,
          });
        }
        return fs.readdirSync(descriptorPath(fd)).sort();
      });
    });
    return names ?? [];
  },
  openReader(path) {
    return present("read", path, () => {
      const fd = openRegular("read", path, O_RDONLY);
      return {
        sizeBytes: fs.fstatSync(fd).size,
        read: (maxBytes, start) => attempt("read", path, () => readFrom(fd, maxBytes, start)),
        close: () => fs.closeSync(fd),
      };
    });
  },
  readNoFollow(path, maxBytes) {
    return present("read", path, () =>
      withDescriptor(openRegular("read", path, O_RDONLY), (fd) => readFrom(fd, maxBytes)),
    );
  },
};

/** Opens a regular file that is no link. Opening a fifo would wait for its other side, and a device may do anything. */
export function openRegular(operation: string, path: string, flags: number): number {
  return attempt(operation, path, () => {
    // Opening alone sets some devices going: a watchdog, a tape.
    const found = fs.lstatSync(path, { throwIfNoEntry: false });
    if (found !== undefined && !found.isFile() && !found.isSymbolicLink()) {
      throw new KernelError(operation, path, "EINVAL", { detail: `it is a ${kindOf(found)}` });
    }
    const fd = fs.openSync(path, flags | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0o644);
    if (!fs.fstatSync(fd).isFile()) {
      fs.closeSync(fd);
      throw new KernelError(operation, path, "EINVAL", { detail: "it is not a regular file" });
    }
    return fd;
  });
}

function present<T>(operation: string, path: string, call: () => T): T | undefined {
  try {
    return call();
  } catch (error) {
    const refusal = asKernelError(operation, path, error);
    if (hasCode(refusal, "ENOENT", "ENOTDIR")) {
      return undefined;
    }
    throw refusal;
  }
}

function withDescriptor<T>(fd: number, use: (fd: number) => T): T {
  try {
    return use(fd);
  } finally {
    fs.closeSync(fd);
  }
}

function readFrom(fd: number, maxBytes: number, start?: number): Uint8Array {
  const buffer = Buffer.alloc(maxBytes);
  let filled = 0;
  while (filled < maxBytes) {
    const at = start === undefined ? null : start + filled;
    const got = fs.readSync(fd, buffer, filled, maxBytes - filled, at);
    if (got === 0) {
      break;
    }
    filled += got;
  }
  return buffer.subarray(0, filled);
}

function writeAll(fd: number, content: string | Uint8Array): void {
  const bytes = typeof content === "string" ? Buffer.from(content) : content;
  let written = 0;
  // An empty write has a meaning for some files of /proc and /sys.
  do {
    written += fs.writeSync(fd, bytes, written, bytes.length - written);
  } while (written < bytes.length);
}

function writeAtomic(path: string, content: string | Uint8Array, ownership: Ownership): void {
  const temporary = join(dirname(path), `.${path.slice(path.lastIndexOf("/") + 1)}.new`);
  fs.rmSync(temporary, { force: true });
  const fd = fs.openSync(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  try {
    withDescriptor(fd, () => {
      writeAll(fd, content);
      own(fd, ownership, 0o644);
      fs.fsyncSync(fd);
    });
    fs.renameSync(temporary, path);
  } catch (error) {
    fs.rmSync(temporary, { force: true });
    throw error;
  }
  withDescriptor(fs.openSync(dirname(path), O_RDONLY | O_DIRECTORY), fs.fsyncSync);
}

/** Owner first: a change of owner clears setuid bits. */
function own(fd: number, { mode, owner }: Ownership, defaultMode: number | undefined): void {
  if (owner !== undefined) {
    fs.fchownSync(fd, owner.uid, owner.gid);
  }
  const wanted = mode ?? defaultMode;
  if (wanted !== undefined) {
    fs.fchmodSync(fd, wanted);
  }
}

/** makedev(3) of glibc. */
function deviceNumber(major: number, minor: number): bigint {
  const [high, low] = [BigInt(major), BigInt(minor)];
  return (
    ((high & ~0xfffn) << 32n) | ((high & 0xfffn) << 8n) | ((low & ~0xffn) << 12n) | (low & 0xffn)
  );
}

function descriptorPath(fd: number): string {
  return `/proc/self/fd/${fd}`;
}

function componentsOf(root: string, relativePath: string): string[] {
  const names = relativePath.split("/").filter((name) => name !== "" && name !== ".");
  if (relativePath.startsWith("/") || names.includes("..")) {
    throw new KernelError("open", `${root}/${relativePath}`, "EINVAL", {
      detail: 'the path contains ".." or is absolute',
    });
  }
  return names;
}

function openFolder(path: string, asked: string): number {
  // The path of a descriptor is a link to the kernel; what it leads to was opened without following any.
  const target = /^\/proc\/self\/fd\/\d+$/.test(path) ? `${path}/.` : path;
  return attempt("open", asked, () => fs.openSync(target, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
}

/** Opens each component through the descriptor of the one before, so that no link is followed. */
function openBeneath(root: string, relativePath: string): number {
  let fd = openFolder(root, root);
  for (const name of componentsOf(root, relativePath)) {
    const outer = fd;
    fd = withDescriptor(outer, () =>
      openFolder(`${descriptorPath(outer)}/${name}`, `${root}/${relativePath}`),
    );
  }
  return fd;
}

function makeFolder(path: string): boolean {
  try {
    fs.mkdirSync(path, 0o700);
    return true;
  } catch (error) {
    const refusal = asKernelError("mkdir", path, error);
    if (hasCode(refusal, "EEXIST")) {
      return false;
    }
    throw refusal;
  }
}

function statOf(stat: fs.Stats): FileStat {
  return {
    kind: kindOf(stat),
    mode: stat.mode & 0o7777,
    uid: stat.uid,
    gid: stat.gid,
    sizeBytes: stat.size,
    mtimeMs: stat.mtimeMs,
    deviceId: stat.dev,
    nodeId: stat.rdev,
    inode: stat.ino,
  };
}

function kindOf(stat: fs.Stats): FileKind {
  if (stat.isFile()) {
    return "file";
  }
  if (stat.isDirectory()) {
    return "folder";
  }
  if (stat.isSymbolicLink()) {
    return "link";
  }
  if (stat.isFIFO()) {
    return "fifo";
  }
  if (stat.isSocket()) {
    return "socket";
  }
  return stat.isBlockDevice() ? "block" : "char";
}
