import * as fs from "node:fs";
import { type Files, longestFolderBytes } from "../files.ts";
import { hasCode, KernelError } from "../kernel-error.ts";
import { asKernelError, attempt } from "./attempt.ts";
import { copyFolder } from "./copy-folder.ts";
import { descriptorPath, readFrom, withDescriptor } from "./descriptor.ts";
import { statOf } from "./file-stat.ts";
import { checked, cString, libc } from "./libc.ts";
import { componentsOf, makeFolder, openBeneath, openFolder, openRegular } from "./no-follow.ts";
import { own, writeAll, writeAtomic } from "./write-file.ts";

const {
  O_APPEND,
  O_CREAT,
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
    const fd = openFolderIfPresent(path);
    if (fd === undefined) {
      return [];
    }
    return withDescriptor(fd, () => {
      const { size } = fs.fstatSync(fd);
      if (size > maxBytes) {
        throw new KernelError("list", path, "EFBIG", {
          detail: `the folder takes ${size} bytes on its disk, and at most ${maxBytes} are read`,
        });
      }
      return attempt("list", path, () => fs.readdirSync(descriptorPath(fd)).sort());
    });
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

/** Unlike `present`: what is no folder is not taken for an empty one. */
function openFolderIfPresent(path: string): number | undefined {
  try {
    return openFolder(path, path);
  } catch (error) {
    if (hasCode(error, "ENOENT")) {
      return undefined;
    }
    throw error;
  }
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

/** makedev(3) of glibc. */
function deviceNumber(major: number, minor: number): bigint {
  const [high, low] = [BigInt(major), BigInt(minor)];
  return (
    ((high & ~0xfffn) << 32n) | ((high & 0xfffn) << 8n) | ((low & ~0xffn) << 12n) | (low & 0xffn)
  );
}
