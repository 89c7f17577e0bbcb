import { rm } from "node:fs/promises";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { type Identity, newDataDisk, newIdentity } from "./harness/data-disk.ts";
import { expectIsoBoot, type IsoWay, isoWays } from "./harness/iso-ways.ts";
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
  await expectIsoBoot(machine, way, "sda1");
  // RSA is made in the background.
  const wait =
    "while [ ! -e /var/lib/boot2podman/etc/ssh/ssh_host_rsa_key.pub ]; do usleep 100000; done";
  const keys = await machine.root(`${wait}; sync; cat /etc/ssh/ssh_host_*_key.pub`);
  expect(keys.match(/^(ssh|ecdsa)-\S+ /gm)).toHaveLength(3);
  hostKeys ??= keys;
  expect(keys).toBe(hostKeys);
});
