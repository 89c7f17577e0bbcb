import { afterAll, expect, test } from "vitest";
import { busyboxImage, importBusybox } from "./harness/container-image.ts";
import { newDataDisk, newIdentity } from "./harness/data-disk.ts";
import { TestMachine } from "./harness/test-machine.ts";

let machine: TestMachine;
afterAll(() => machine?.remove());

test("the option embed keeps the kernel's own root, and podman then does without pivot_root", async () => {
  const identity = await newIdentity();
  const disks = [await newDataDisk(identity, { sizeMiB: 2048 })];
  machine = await TestMachine.start({ append: "embed", disks, key: identity.key });
  expect(await machine.guest("cat /proc/mounts")).toMatch(/^\S+ \/ (rootfs|ramfs|none) /m);
  await importBusybox(machine);
  expect(await machine.root(`podman run --rm ${busyboxImage} echo embedded`)).toBe("embedded");
  const pivot = await machine.ssh(
    `CONTAINERS_CONF=/etc/containers/containers.conf podman run --rm ${busyboxImage} echo no`,
    { user: "root" },
  );
  expect(pivot.stderr).toMatch(/pivot_root/);
});
