import * as fs from "node:fs";
import type { MountFlag, Mounts, UnmountFlag } from "../mounts.ts";
import { attempt } from "./attempt.ts";
import { checked, cString, libc, ptr } from "./libc.ts";
import { parseMountinfo } from "./parse-mountinfo.ts";

/** linux/mount.h, the same on all architectures. */
const mountBits: Readonly<Record<MountFlag, number>> = {
  ro: 1,
  nosuid: 2,
  nodev: 4,
  noexec: 8,
  sync: 16,
  remount: 32,
  noatime: 1024,
  bind: 4096,
  move: 8192,
  rec: 16384,
  silent: 32768,
  private: 1 << 18,
  slave: 1 << 19,
  shared: 1 << 20,
  relatime: 1 << 21,
};

const unmountBits: Readonly<Record<UnmountFlag, number>> = { force: 1, detach: 2, nofollow: 8 };

/** The same numbers on all architectures (asm-generic/unistd.h); glibc has functions for them from 2.36 on only. */
const openTree = 428n;
const moveMount = 429n;
/** linux/mount.h: OPEN_TREE_CLONE, OPEN_TREE_CLOEXEC, AT_RECURSIVE. */
const cloneTree = 0x1n | 0x80000n | 0x8000n;
/** MOVE_MOUNT_F_EMPTY_PATH, MOVE_MOUNT_BENEATH. */
const beneath = 0x4n | 0x200n;

/** The real thing, by Linux's system calls. */
export const linuxMounts: Mounts = {
  mount({ source, target, type, flags = [], options }) {
    const data = options === undefined ? null : ptr(cString(options));
    const result = libc().mount(
      cString(source),
      cString(target),
      cString(type ?? ""),
      flags.reduce((bits, flag) => bits | mountBits[flag], 0),
      data,
    );
    checked(`mount ${type ?? flags.join(",")} ${source} on`, target, result);
  },
  mountBeneath(source, target) {
    const { syscall } = libc();
    const here = -100n;
    const tree = checked(
      "open tree",
      source,
      syscall(openTree, here, ptr(cString(source)), cloneTree, null, 0n),
    );
    try {
      const moved = syscall(
        moveMount,
        BigInt(tree),
        ptr(cString("")),
        here,
        ptr(cString(target)),
        beneath,
      );
      checked("mount beneath", target, moved);
    } finally {
      fs.closeSync(tree);
    }
  },
  unmount(target, flags = []) {
    const bits = flags.reduce((sum, flag) => sum | unmountBits[flag], 0);
    checked("unmount", target, libc().umount2(cString(target), bits));
  },
  mounts() {
    const path = "/proc/self/mountinfo";
    return parseMountinfo(attempt("read", path, () => fs.readFileSync(path, "utf8")));
  },
};
