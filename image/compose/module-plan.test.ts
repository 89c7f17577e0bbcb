import { describe, expect, it } from "vitest";
import { moduleName, parseModulesDep, planModules } from "./module-plan.ts";

const dep = `kernel/fs/ext4/ext4.ko.xz: kernel/fs/jbd2/jbd2.ko.xz kernel/fs/mbcache.ko.xz kernel/lib/crc16.ko.xz
kernel/fs/jbd2/jbd2.ko.xz: kernel/lib/crc16.ko.xz
kernel/fs/mbcache.ko.xz:
kernel/lib/crc16.ko.xz:
kernel/drivers/block/virtio-blk.ko.xz:
`;

describe("the plan of kernel modules", () => {
  const dependencies = parseModulesDep(dep);

  it("has what a module depends on before it, each once", () => {
    const plan = planModules({ fs: ["ext4"], more: ["jbd2"] }, dependencies, new Set());
    expect(plan.map(moduleName)).toEqual(["crc16", "mbcache", "jbd2", "ext4"]);
  });

  it("knows modules by the kernel's names for them", () => {
    expect(planModules({ g: ["virtio_blk"] }, dependencies, new Set())).toEqual([
      "kernel/drivers/block/virtio-blk.ko.xz",
    ]);
  });

  it("needs nothing for what is built in", () => {
    expect(planModules({ g: ["fuse"] }, dependencies, new Set(["fuse"]))).toEqual([]);
  });

  it("fails with the group and the name of a module that the kernel lacks", () => {
    expect(() => planModules({ disks: ["floppy9"] }, dependencies, new Set())).toThrow(
      /^modules\.disks: this kernel has no module floppy9/,
    );
  });
});
