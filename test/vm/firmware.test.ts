import { rm } from "node:fs/promises";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { type Identity, newDataDisk, newIdentity } from "./harness/data-disk.ts";
import { enlarge, keyByCredential, newDiskImage } from "./harness/disk-image.ts";
import { expectFirmwareBoot, type IsoWay, isoWays } from "./harness/iso-ways.ts";
import type { DiskOptions } from "./harness/qemu.ts";
import { TestMachine } from "./harness/test-machine.ts";

let identity: Identity;
/** One for all ways: the first boot sets it up, and every other one has to find what that left. */
let disk: DiskOptions;
/** As the first boot made them. */
let hostKeys: string | undefined;
let machine: TestMachine | undefined;
beforeAll(async () => {
  identity = await newIdentity();
  disk = await newDataDisk(identity, { sizeMiB: 1024, bus: "sata" });
});
afterEach(() => machine?.remove());
afterAll(() => rm(identity.folder, { recursive: true, force: true }));

/** With UEFI; for those with BIOS see `isoWays`. */
const ways = Object.entries<IsoWay>(isoWays).filter(([, { firmware }]) => firmware !== "bios");

test.for(ways)("the ISO boots by %s, with the keys of the boot before", async ([, way]) => {
  machine = await TestMachine.start({ ...way, disks: [disk], key: identity.key });
  await expectFirmwareBoot(machine, way, "sda1");
  // RSA is made in the background.
  const wait =
    "while [ ! -e /var/lib/boot2podman/etc/ssh/ssh_host_rsa_key.pub ]; do usleep 100000; done";
  const keys = await machine.root(`${wait}; sync; cat /etc/ssh/ssh_host_*_key.pub`);
  expect(keys.match(/^(ssh|ecdsa)-\S+ /gm)).toHaveLength(3);
  hostKeys ??= keys;
  expect(keys).toBe(hostKeys);
});

test("the disk image boots by BIOS and makes its data partition; enlarged, it boots by UEFI with Secure Boot, with the data", async () => {
  const image = await newDiskImage(identity, 6);
  const options = { boot: "disk" as const, disks: [image], key: identity.key };
  const extra = keyByCredential(identity);
  machine = await TestMachine.start({ ...options, extra, firmware: "bios" });
  await expectFirmwareBoot(machine, { firmware: "bios" }, "vda4");
  expect(await machine.root(`cat /proc/mounts`)).toMatch(/^\/dev\/vda2 \/usr squashfs ro/m);
  // From 770 MiB on.
  expect(await partitionMiB(machine)).toBe(6 * 1024 - 770);
  const keys = await machine.root("echo kept >/var/lib/containers/kept; cat /etc/ssh/ssh_host_*");
  await machine.powerDown();
  await machine.remove();
  await enlarge(image, 8);
  machine = await TestMachine.start({ ...options, extra, firmware: "secure-boot" });
  await expectFirmwareBoot(machine, { firmware: "secure-boot" }, "vda4");
  expect(await machine.root("cat /var/lib/containers/kept")).toBe("kept");
  expect(await machine.root("cat /etc/ssh/ssh_host_ed25519_key.pub")).toSatisfy((key: string) =>
    keys.includes(key),
  );
  expect(await partitionMiB(machine)).toBe(8 * 1024 - 770);
  // The filesystem follows in the background.
  const has7GiB = "[ $(df -k /var/lib/containers | awk 'END { print $2 }') -gt 7000000 ]";
  await machine.root(`until ${has7GiB}; do usleep 100000; done`);
});

async function partitionMiB(one: TestMachine): Promise<number> {
  return Number(await one.root("cat /sys/block/vda/vda4/size")) / 2048;
}
