import { describe, expect, test } from "vitest";
import { boot2podman } from "../../flavour/flavour.ts";
import { FakeKernel } from "../../kernel/fake-kernel.testing.ts";
import { mebibyte } from "../../units/bytes.ts";
import { listDisks } from "./block-devices.ts";
import { diskText, observeDisks } from "./observe.ts";

interface Laid {
  /** Folder below /sys/devices. */
  path: string;
  attributes?: Record<string, string>;
  partitions?: Record<string, Record<string, string>>;
}

/** A system with this /sys/block. */
function system(...devices: Laid[]): FakeKernel {
  const kernel = new FakeKernel().lay({ "/sys/block": null });
  for (const { path, attributes, partitions } of devices) {
    const folder = `/sys/devices/${path}`;
    const name = path.slice(path.lastIndexOf("/") + 1);
    const own = { size: "20480", ro: "0", removable: "0", ...attributes };
    for (const [key, value] of Object.entries(own)) {
      kernel.lay({ [`${folder}/${key}`]: `${value}\n` });
    }
    for (const [part, values] of Object.entries(partitions ?? {})) {
      for (const [key, value] of Object.entries(values)) {
        kernel.lay({ [`${folder}/${part}/${key}`]: `${value}\n` });
      }
    }
    kernel.symlink(folder, `/sys/block/${name}`);
  }
  return kernel;
}

const ata = "pci0000:00/0000:00:1f.2/ata1/host0/target0:0:0/0:0:0:0/block";

describe("the list of disks", () => {
  test.each([
    [`${ata}/sda`, {}, "disk"],
    ["pci0000:00/0000:00:04.0/virtio1/block/vda", {}, "disk"],
    ["pci0000:00/0000:00:05.0/nvme/nvme0/nvme0n1", {}, "disk"],
    ["virtual/nvme-subsystem/nvme-subsys0/nvme0n1", {}, "disk"],
    ["pci0000:00/0000:00:06.0/mmc_host/mmc0/mmc0:0001/block/mmcblk0", {}, "disk"],
    ["vbd-51712/block/xvda", {}, "disk"],
    [`${ata}/sr0`, { "device/type": "5" }, "optical"],
    ["platform/floppy.0/block/fd0", {}, "floppy"],
    ["virtual/block/loop0", {}, "virtual"],
    ["virtual/block/dm-0", {}, "virtual"],
    ["virtual/block/md127", {}, "virtual"],
    ["virtual/block/zram0", {}, "virtual"],
    ["virtual/block/ram0", {}, "virtual"],
    ["virtual/block/nbd0", {}, "virtual"],
  ])("knows %s by where it is (%j): %s (accident 4)", (path, attributes, kind) => {
    expect(listDisks(system({ path, attributes })).map((disk) => disk.kind)).toEqual([kind]);
  });

  test("leaves out the read-only disk that /usr comes from, and no other that is mounted there", () => {
    const [ours, writable] = ["pci/virtio1/block/vda", "pci/virtio2/block/vdb"];
    const kernel = system({ path: ours, attributes: { ro: "1" } }, { path: writable });
    kernel.lay({ "/usr": null });
    for (const source of ["/dev/vda", "/dev/vdb"]) {
      kernel.mount({ source, target: "/usr", type: "squashfs" });
    }
    expect(listDisks(kernel).map((disk) => disk.name)).toEqual(["vdb"]);
  });

  test("leaves out hidden paths of a disk and loop devices without a file", () => {
    const kernel = system(
      { path: "pci/nvme0c0n1", attributes: { hidden: "1" } },
      { path: "virtual/block/loop1", attributes: { size: "0" } },
    );
    expect(listDisks(kernel)).toEqual([]);
  });

  test("knows partitions by their attribute, never by their names (accident 7)", () => {
    const values = (partition: string) => ({ partition, start: "2048", size: "8192", ro: "0" });
    const kernel = system({
      path: "pci/nvme0n9",
      partitions: {
        nvme0n9p10: values("10"),
        nvme0n9p2: values("2"),
        nvme0n9p3: { start: "1", size: "1" },
        queue: { logical_block_size: "4096" },
      },
    });
    const [disk] = listDisks(kernel);
    expect(disk?.sectorBytes).toBe(4096);
    expect(disk?.partitions).toMatchObject([
      { name: "nvme0n9p2", number: 2, startBytes: 2048 * 512, sizeBytes: 8192 * 512 },
      { name: "nvme0n9p10", number: 10 },
    ]);
  });

  test("says who uses a disk: a mount, swap, a holder", () => {
    const kernel = system(
      { path: "pci/vda", partitions: { vda1: { partition: "1", start: "1", size: "1" } } },
      { path: "pci/vdb" },
      { path: "pci/vdc", partitions: { holders: {} } },
    );
    kernel.lay({ "/mnt": null, "/dev/vda1": "", "/sys/devices/pci/vdc/holders/dm-0": "" });
    kernel.lay({ "/proc/swaps": "Filename Type Size Used Priority\n/dev/vdb partition 1 0 -2\n" });
    kernel.mount({ source: "/dev/vda1", target: "/mnt", type: "ext4" });
    const disks = listDisks(kernel);
    expect(disks[0]?.partitions[0]?.inUse).toBe("mounted at /mnt");
    expect(disks.map(({ inUse }) => inUse)).toEqual([undefined, "swap", "held by dm-0"]);
  });

  test("takes a name with a slash back to its node", () => {
    expect(listDisks(system({ path: "pci/cciss!c0d0" }))[0]?.node).toBe("/dev/cciss/c0d0");
  });
});

/** A disk of 10 MiB with these bytes at its start. */
function withDisk(start: string): FakeKernel {
  const kernel = system({ path: "pci/vda" });
  const content = new Uint8Array(10 * mebibyte);
  content.set(Buffer.from(start, "latin1"));
  return kernel.addBlockDevice("/dev/vda", content);
}

describe("what is on a disk", () => {
  test("is empty only when both probes say so", async () => {
    const kernel = withDisk("x").onRun("blkid", { exitCode: 2 });
    const [disk] = await observeDisks(kernel, boot2podman);
    expect(disk?.content).toEqual({ is: "empty", zeros: false });
    expect(kernel.runs.map(({ argv }) => argv)).toEqual([
      ["blkid", "-p", "-o", "export", "--", "/dev/vda"],
    ]);
  });

  test("is strictly blank when it is zeros, too", async () => {
    const [disk] = await observeDisks(withDisk("").onRun("blkid", { exitCode: 2 }), boot2podman);
    expect(disk?.content).toEqual({ is: "empty", zeros: true });
  });

  test("can't be read when blkid isn't there", async () => {
    const [disk] = await observeDisks(withDisk(""), boot2podman);
    expect(disk?.content).toEqual({ is: "unreadable", why: "run blkid: ENOENT" });
  });

  test("can't be read when its node is missing", async () => {
    const [disk] = await observeDisks(system({ path: "pci/vda" }), boot2podman);
    expect(disk?.content.is).toBe("unreadable");
  });

  test("is the magic with what lies behind it", async () => {
    const kernel = withDisk("boot2podman, please format-me").onRun("blkid", { exitCode: 2 });
    const [disk] = await observeDisks(kernel, boot2podman);
    expect(disk?.magic).toEqual({
      archive: { state: "none" },
      behind: { is: "empty", zeros: false },
    });
    expect(kernel.runs.map(({ argv }) => argv.slice(2, 4))).toEqual([
      ["-o", "export"],
      ["-O", "1048576"],
    ]);
    expect(disk && diskText(disk)).toBe("vda 10.5 MB: the magic, nothing");
  });

  test("of devices that are no disks is not looked at", async () => {
    const kernel = system(
      { path: "virtual/block/loop0" },
      { path: "pci/sr0", attributes: { "device/type": "5" } },
    );
    kernel.failOn("openBlockDevice", /./, "EIO");
    const disks = await observeDisks(kernel, boot2podman);
    expect(disks.map(({ content }) => content)).toEqual([
      { is: "unreadable", why: "not looked at" },
      { is: "unreadable", why: "not looked at" },
    ]);
  });
});
