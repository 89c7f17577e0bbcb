import { rm } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { likeVmware } from "./guest-tools/like-vmware.ts";
import { type Identity, newDataDisk, newIdentity } from "./harness/data-disk.ts";
import { eventually } from "./harness/eventually.ts";
import { expectFirmwareBoot, isoWays } from "./harness/iso-ways.ts";
import { TestMachine } from "./harness/test-machine.ts";

describe("on what looks like VMware, with its disks and network interfaces", () => {
  let identity: Identity;
  let machine: TestMachine;
  const way = isoWays["BIOS from an IDE CD-ROM"];

  beforeAll(async () => {
    identity = await newIdentity();
    const { file } = await newDataDisk(identity);
    machine = await TestMachine.start({
      ...way,
      // As little as is promised to be enough, here for a first boot and from the ISO.
      memoryMiB: 256,
      key: identity.key,
      cpu: "max,erms=off,la57=off,tcg-cpuid=off",
      extra: [
        ...likeVmware,
        ...["-device", "pvscsi,id=pv", "-drive", `if=none,id=pvdisk,format=raw,file=${file}`],
        ...["-device", "scsi-hd,drive=pvdisk,bus=pv.0"],
        ...["-netdev", "user,id=n1,net=10.1.0.0/24", "-device", "vmxnet3,netdev=n1"],
        ...["-netdev", "user,id=n2,net=10.2.0.0/24", "-device", "e1000,netdev=n2"],
        // Gives the same address as the interface that SSH comes by, on a wire of its own.
        ...["-netdev", "user,id=twin", "-device", "e1000e,netdev=twin"],
      ],
    });
  });
  afterAll(async () => {
    await machine?.remove();
    await rm(identity.folder, { recursive: true, force: true });
  });

  test("the ISO boots by BIOS from an IDE CD-ROM", () => expectFirmwareBoot(machine, way, "sda1"));

  test("knows it, says which tools are missing, and starts nothing of QEMU's", async () => {
    expect(await machine.guest("guest-tools detect")).toBe(
      'vmware (DMI product name "VMware Virtual Platform")',
    );
    const status = await machine.guest("boot2podman status");
    expect(status).toMatch(/^guest-tools +ok .* vmware, missing: \/usr\/bin\/vmtoolsd /m);
    expect(await machine.guest("pidof qemu-ga || echo none")).toBe("none");
  });

  test("has its data on the disk behind pvscsi", async () => {
    expect(await machine.guest("cat /proc/mounts")).toMatch(/^\/dev\/sda1 \/mnt\/sda1 ext4 rw/m);
    expect(
      await machine.root("basename $(readlink -f /sys/block/sda/device/../../../driver)"),
    ).toBe("vmw_pvscsi");
  });

  test("gets an address on each network interface", async () => {
    const drivers = await machine.guest(
      "for card in /sys/class/net/eth*; do basename $(readlink $card/device/driver); done | sort",
    );
    expect(drivers.split("\n")).toEqual(["e1000", "e1000e", "virtio_net", "vmxnet3"]);
    await eventually(
      () => machine.guest("ip -4 addr | grep -c 'inet 10\\.[012]\\.'"),
      (count) => count === "4",
    );
  });

  test("answers by the first of two interfaces in one network, whichever driver was there first", async () => {
    const driverOf = (card = "") =>
      machine.guest(`basename $(readlink /sys/class/net/${card}/device/driver)`);
    const routes = await machine.guest("ip route show 10.0.2.0/24");
    const metrics = [...routes.matchAll(/ dev (\S+) .*metric (\d+)/g)];
    expect(metrics).toHaveLength(2);
    const [first, second] = metrics.toSorted(([, , a], [, , b]) => Number(a) - Number(b));
    expect(await driverOf(first?.[1])).toBe("virtio_net");
    expect(await driverOf(second?.[1])).toBe("e1000e");
    expect(await machine.guest("ip route get 10.0.2.2")).toContain(` dev ${first?.[1]} `);
  });

  // The real program on the real files, with other names laid over those of the firmware.
  test.each([
    ["innotek GmbH", "VirtualBox", "virtualbox"],
    ["Microsoft Corporation", "Virtual Machine", "hyper-v"],
    ["Parallels International GmbH.", "Parallels ARM Virtual Machine", "parallels"],
    ["Xen", "HVM domU", "xen"],
    ["Apple Inc.", "Apple Virtualization Generic Platform", "apple"],
    ["Amazon EC2", "t3.micro", "amazon"],
    ["Google", "Google Compute Engine", "google"],
    ["FreeBSD", "BHYVE", "bhyve"],
  ])("knows %s %s", async (vendor, product, hypervisor) => {
    const lay = (file: string, text: string) =>
      `printf '%s\\n' '${text}' > /tmp/${file}; mount --bind /tmp/${file} /sys/class/dmi/id/${file}`;
    const script = [
      lay("sys_vendor", vendor),
      lay("product_name", product),
      lay("bios_vendor", "x"),
      lay("board_vendor", "x"),
      "guest-tools --dry-run",
    ].join("; ");
    const said = await machine.root(`unshare -m sh -c "${script.replaceAll('"', '\\"')}"`);
    expect(said).toMatch(new RegExp(`^hypervisor ${hypervisor}, detected by DMI`));
    if (!["bhyve", "google"].includes(hypervisor)) {
      expect(said).not.toContain("qemu-ga");
    }
  });
});
