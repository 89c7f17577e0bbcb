import type { BlockDevice } from "../../kernel/block-devices.ts";
import { FakeKernel } from "../../kernel/fake-kernel.testing.ts";
import type { FakeNode } from "../../kernel/fake-tree.testing.ts";
import { KernelError } from "../../kernel/kernel-error.ts";
import type { MountRequest } from "../../kernel/mounts.ts";
import { mebibyte } from "../../units/bytes.ts";
import { findExt } from "../content/ext4.ts";
import { probe } from "../content/probe.ts";
import type { Platter, Survivors } from "./platter.testing.ts";

/** Thrown by everything from the moment on when the power is gone. */
export class PowerCutError extends Error {
  override readonly name = "PowerCutError";
}

/** What stays when a machine is switched off: its disks and what lies in their filesystems. */
export interface Hardware {
  disks: Map<string, Platter>;
  filesystems: Map<string, FakeNode>;
}

export interface Cut {
  /** The power goes at this change of anything, the first being 0. */
  atChange: number;
  survivors: Survivors;
}

interface Extent {
  platter: Platter;
  offset: number;
  sizeBytes: number;
}

/**
 * A fake machine for automount: disks with partitions that follow their tables, an mke2fs that makes
 * superblocks, an e2fsck and a blkid that find them, and a power cut at any change.
 */
export class LabKernel extends FakeKernel {
  changes = 0;
  /** Whether another program holds flock on every disk. */
  isLockedByOthers = false;
  readonly #hardware: Hardware;
  readonly #extents = new Map<string, Extent>();
  readonly #cut: Cut | undefined;
  #dead = false;

  constructor(hardware: Hardware, cut?: Cut) {
    super();
    this.#hardware = hardware;
    for (const [source, node] of hardware.filesystems) {
      this.filesystems.set(source, node);
    }
    this.lay({ "/sys/block": null, "/dev": null, "/mnt": null, "/run/boot2podman": null });
    this.lay({ "/home/tc": null, "/var/lib": null, "/proc/cmdline": "" });
    this.lay({ "/etc/passwd": "tc:x:1000:50:tc:/home/tc:/bin/sh\n" });
    for (const [name, platter] of hardware.disks) {
      this.attach(name, platter);
    }
    this.lay({ "/sys/fs/ext4": null });
    this.onRun("e2fsck", (argv) => this.#e2fsck(argv));
    this.onRun("resize2fs", (argv) => this.#resize2fs(argv));
    this.onRun("blkid", (argv) => this.#blkid(argv));
    this.onRun("mke2fs", (argv) => this.#mke2fs(argv));
    this.#cut = cut;
  }

  /** What is left for the next boot. */
  switchOff(): Hardware {
    this.#hardware.filesystems.clear();
    for (const [source, node] of this.filesystems) {
      this.#hardware.filesystems.set(source, node);
    }
    return this.#hardware;
  }

  protected override enter(operation: string, path: string): void {
    if (this.#dead) {
      throw new PowerCutError(`${operation} ${path}`);
    }
    super.enter(operation, path);
  }

  protected override change(operation: string, path: string, ...more: string[]): void {
    if (!this.#dead && this.#cut?.atChange === this.changes) {
      this.#dead = true;
      for (const platter of this.#hardware.disks.values()) {
        platter.cutPower(this.#cut.survivors);
      }
    }
    super.change(operation, path, ...more);
    this.changes += 1;
  }

  override openBlockDevice(path: string, access: "read" | "write" | "exclusive"): BlockDevice {
    this.enter("openBlockDevice", path);
    const extent = this.#extents.get(path);
    if (extent === undefined) {
      throw new KernelError("openBlockDevice", path, "ENOENT");
    }
    const { platter, offset, sizeBytes } = extent;
    return {
      path,
      sizeBytes,
      read: (from, length) => {
        this.enter("readBlock", path);
        return platter.read(offset + from, Math.max(0, Math.min(length, sizeBytes - from)));
      },
      write: (from, content) => {
        if (access === "read") {
          throw new KernelError("writeBlock", path, "EBADF");
        }
        this.change("writeBlock", path, `${from}+${content.length}`);
        platter.write(offset + from, content);
      },
      fsync: () => {
        this.change("fsyncBlock", path);
        platter.flush();
      },
      tryLock: () => !this.isLockedByOthers,
      rereadPartitions: () => {
        this.change("rereadPartitions", path);
        this.scan(path.slice("/dev/".length), platter);
      },
      resizePartition: (number) => {
        this.change("resizePartition", path, String(number));
        this.scan(path.slice("/dev/".length), platter);
      },
      close: () => undefined,
    };
  }

  override mount(request: MountRequest): void {
    const extent = this.#extents.get(request.source);
    if (extent !== undefined && this.#ext4At(extent) === undefined) {
      throw new KernelError("mount", request.source, "EINVAL");
    }
    if (extent !== undefined && !this.exists("/sys/fs/ext4")) {
      throw new KernelError("mount", request.source, "ENODEV");
    }
    super.mount(request);
    if (extent === undefined || request.flags?.includes("ro")) {
      return;
    }
    // s_mtime, as the kernel sets it when the mount begins.
    extent.platter.write(extent.offset + 1024 + 0x2c, new Uint8Array([1, 2, 3, 4]));
    extent.platter.flush();
  }

  /** Plugs a disk in. */
  attach(name: string, platter: Platter, scanned: "scanned" | "not yet scanned" = "scanned"): void {
    const folder = `/sys/devices/lab/block/${name}`;
    this.lay({
      [`${folder}/size`]: String(platter.sizeBytes / 512),
      [`${folder}/ro`]: "0",
      [`${folder}/removable`]: "0",
      [`${folder}/queue/logical_block_size`]: String(platter.sectorBytes),
      [`/dev/${name}`]: "",
    });
    this.symlink(folder, `/sys/block/${name}`);
    this.changes -= 1;
    this.#extents.set(`/dev/${name}`, { platter, offset: 0, sizeBytes: platter.sizeBytes });
    if (scanned === "scanned") {
      this.scan(name, platter);
    }
  }

  /** The kernel's look at a partition table. */
  scan(name: string, platter: Platter): void {
    const { sizeBytes, sectorBytes } = platter;
    const read = (offset: number, length: number) => platter.read(offset, length);
    const found = probe({ sizeBytes, sectorBytes, read, skipBytes: mebibyte });
    for (const entry of found.is === "table" ? found.table.entries : []) {
      const partition = partitionName(name, entry.number);
      const folder = `/sys/devices/lab/block/${name}/${partition}`;
      this.lay({
        [`${folder}/partition`]: String(entry.number),
        [`${folder}/start`]: String(entry.startBytes / 512),
        [`${folder}/size`]: String(entry.sizeBytes / 512),
        [`/dev/${partition}`]: "",
      });
      const extent = { platter, offset: entry.startBytes, sizeBytes: entry.sizeBytes };
      this.#extents.set(`/dev/${partition}`, extent);
    }
  }

  #ext4At({ platter, offset }: Extent) {
    const found = findExt(platter.read(offset, 4096));
    return found?.type === "ext4" ? found.ext4 : undefined;
  }

  #e2fsck(argv: readonly string[]) {
    const extent = this.#extents.get(argv.at(-1) ?? "");
    const isThere = extent !== undefined && this.#ext4At(extent) !== undefined;
    return isThere
      ? { stdout: "clean" }
      : { exitCode: 8, stderr: "Bad magic number in super-block" };
  }

  #resize2fs(argv: readonly string[]) {
    const extent = this.#extents.get(argv.at(-1) ?? "");
    if (extent === undefined) {
      return { exitCode: 1, stderr: "no such device" };
    }
    const blocks = new Uint8Array(new Uint32Array([extent.sizeBytes / 4096]).buffer);
    this.change("writeBlock", "resize2fs");
    extent.platter.write(extent.offset + 1024 + 0x04, blocks);
    extent.platter.flush();
    return {};
  }

  #blkid(argv: readonly string[]) {
    const extent = this.#extents.get(argv.at(-1) ?? "");
    if (extent === undefined) {
      return { exitCode: 4, stderr: "no such device" };
    }
    const { platter } = extent;
    const base = extent.offset + (argv[2] === "-O" ? Number(argv[3]) : 0);
    const found = probe({
      sizeBytes: platter.sizeBytes - base,
      sectorBytes: platter.sectorBytes,
      read: (offset, length) => platter.read(base + offset, length),
      skipBytes: base === 0 ? 4608 : 0,
    });
    if (found.is === "empty") {
      return { exitCode: 2 };
    }
    return { stdout: found.is === "ext4" ? "TYPE=ext4\n" : "TYPE=other\n" };
  }

  /** Each write can be the last, and none is flushed before the end. */
  #mke2fs(argv: readonly string[]) {
    const node = argv.at(-2) ?? "";
    const extent = this.#extents.get(node);
    if (extent === undefined) {
      return { exitCode: 1, stderr: "no such device" };
    }
    const { platter } = extent;
    const option = argv.find((word) => word.startsWith("offset=")) ?? "";
    const offset = extent.offset + Number(/^offset=(\d+)/.exec(option)?.[1]);
    this.filesystems.delete(extent.offset === 0 ? partitionName(node, 1) : node);
    const superblock = superblockOf(argv[argv.indexOf("-L") + 1] ?? "", Number(argv.at(-1)));
    for (const [at, content] of [
      [16 * mebibyte, new Uint8Array(4096).fill(7)],
      [32 * mebibyte, superblock],
      [1024, superblock],
    ] as const) {
      this.change("writeBlock", "mke2fs", String(at));
      platter.write(offset + at, content);
    }
    this.change("fsyncBlock", "mke2fs");
    platter.flush();
    return {};
  }
}

/** As the kernel names partitions: with a "p" behind a disk's name that ends in a digit. */
function partitionName(disk: string, number: number): string {
  return /\d$/.test(disk) ? `${disk}p${number}` : `${disk}${number}`;
}

function superblockOf(label: string, blocks: number): Uint8Array {
  const bytes = Buffer.alloc(1024);
  bytes.writeUInt32LE(blocks, 0x04);
  bytes.writeUInt32LE(2, 0x18);
  bytes.writeUInt16LE(0xef53, 0x38);
  bytes.writeUInt16LE(1, 0x3a);
  bytes.writeUInt32LE(0x4, 0x5c);
  bytes.writeUInt32LE(0x40 | 0x2, 0x60);
  bytes.write("0123456789abcdef", 0x68, "latin1");
  bytes.write(label, 0x78, 16, "latin1");
  return bytes;
}
