import { rm } from "node:fs/promises";
import { afterAll, expect, test } from "vitest";
import { busyboxImage, importBusybox } from "./harness/container-image.ts";
import { type Identity, newDataDisk, newIdentity } from "./harness/data-disk.ts";
import { TestMachine } from "./harness/test-machine.ts";

let identity: Identity;
let machine: TestMachine;
afterAll(async () => {
  await machine?.remove();
  await rm(identity.folder, { recursive: true, force: true });
});

test("256 MB are enough to boot and to run a container", async () => {
  identity = await newIdentity();
  const disks = [await newDataDisk(identity, { sizeMiB: 2048 })];
  machine = await TestMachine.start({ memoryMiB: 256, disks, key: identity.key });
  await importBusybox(machine);
  expect(await machine.root(`podman run --rm ${busyboxImage} echo small`)).toBe("small");
  expect(await machine.root("dmesg | grep -c 'Out of memory' || true")).toBe("0");
});
