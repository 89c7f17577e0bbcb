import { afterAll, expect, test } from "vitest";
import { busyboxImage, importBusybox } from "./harness/container-image.ts";
import { newDataDisk, newIdentity } from "./harness/data-disk.ts";
import { TestMachine } from "./harness/test-machine.ts";

let machine: TestMachine;
afterAll(() => machine?.remove());

test("256 MB are enough to boot and to run a container", async () => {
  const identity = await newIdentity();
  const disks = [await newDataDisk(identity, { sizeMiB: 2048 })];
  machine = await TestMachine.start({ memoryMiB: 256, disks, key: identity.key });
  await importBusybox(machine);
  expect(await machine.root(`podman run --rm ${busyboxImage} echo small`)).toBe("small");
  expect(await machine.root("dmesg | grep -c 'Out of memory' || true")).toBe("0");
});
