import path from "node:path";
import { expect } from "vitest";
import { eventually } from "../harness/eventually.ts";
import { test } from "./given.ts";

/** Which hypervisor it is, and devices that come while the machine runs. */
export function deviceTests(): void {
  test("believes the CPU more than a DMI that names another hypervisor", async ({
    given: { machine },
  }) => {
    expect(await machine.guest("cat /sys/class/dmi/id/sys_vendor")).toBe("VMware, Inc.");
    expect(JSON.parse(await machine.guest("guest-tools detect --json"))).toEqual({
      hypervisor: "qemu",
      by: 'CPUID signature "TCGTCGTCGTCG"',
    });
  });

  test("serves a disk and a network interface that are plugged in later", async ({
    given: { machine, scratch },
  }) => {
    const monitor = await machine.monitor();
    const file = { driver: "file", filename: path.join(scratch, "late.raw") };
    await monitor.execute("blockdev-add", { driver: "raw", "node-name": "late", file });
    await monitor.execute("device_add", {
      driver: "nvme",
      drive: "late",
      serial: "late",
      bus: "slot1",
      id: "late",
    });
    await monitor.execute("netdev_add", { type: "user", id: "late" });
    await monitor.execute("device_add", { driver: "e1000e", netdev: "late", bus: "slot2" });
    monitor.close();
    await eventually(
      () =>
        machine.root(
          "cat /sys/block/nvme0n1/size 2>/dev/null; cat /sys/class/net/*/carrier | wc -l",
        ),
      (said) => said === "131072\n3",
    );
  });

  test("has the driver of a vsock device, by its alias", async ({ given: { machine } }) => {
    const folder = "/lib/modules/$(uname -r)";
    expect(await machine.guest(`grep -c '^alias virtio:d00000013' ${folder}/modules.alias`)).toBe(
      "1",
    );
  });
}
