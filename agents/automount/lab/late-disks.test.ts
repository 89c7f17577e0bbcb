import { describe, expect, test } from "vitest";
import { boot2podman } from "../../flavour/flavour.ts";
import { mebibyte } from "../../units/bytes.ts";
import type { Hardware } from "./lab-kernel.testing.ts";
import { boot, deviceWrites, machine, usedMachine } from "./machines.testing.ts";
import { Platter } from "./platter.testing.ts";

describe("waitusb", () => {
  test("goes on as soon as the disk is there", async () => {
    const hardware = await usedMachine();
    const late = hardware.disks.get("vda") ?? new Platter(mebibyte);
    const machineWithout: Hardware = { ...hardware, disks: new Map() };
    const { result } = await boot(machineWithout, {
      automount: { wait: { timeoutMs: 60_000, for: undefined } },
      prepare: (kernel) =>
        setTimeout(() => {
          kernel.attach("vda", late);
          kernel.emitUevent({ action: "add", devpath: "", values: { SUBSYSTEM: "block" } });
        }, 20),
    });
    expect(result).toBe("ok");
  });

  test("is not needed for a USB disk that the kernel has not looked at yet", async () => {
    const hardware = await usedMachine();
    const late = hardware.disks.get("vda") ?? new Platter(mebibyte);
    const { result } = await boot(
      { ...hardware, disks: new Map() },
      {
        prepare: (kernel) => {
          const usb = "/sys/bus/usb/drivers/usb-storage/1-1:1.0";
          kernel.lay({ [`${usb}/host6`]: null });
          setTimeout(() => {
            kernel.attach("vda", late);
            kernel.lay({ [`${usb}/host6/target6:0:0/6:0:0:0/block/vda`]: null });
            kernel.emitUevent({ action: "add", devpath: "", values: { SUBSYSTEM: "block" } });
          }, 20);
        },
      },
    );
    expect(result).toBe("ok");
  });

  test("is not needed for partitions that the kernel has not read yet (accident 2)", async () => {
    const hardware = await usedMachine();
    const late = hardware.disks.get("vda") ?? new Platter(mebibyte);
    const { result, message } = await boot(
      { ...hardware, disks: new Map() },
      {
        prepare: (kernel) => {
          kernel.attach("vda", late, "not yet scanned");
          setTimeout(() => {
            kernel.scan("vda", late);
            kernel.emitUevent({ action: "add", devpath: "", values: { SUBSYSTEM: "block" } });
          }, 20);
        },
      },
    );
    expect([result, message]).toEqual(["ok", "/dev/vda1 on /mnt/vda1; vda1 is the data disk"]);
  });

  test("gives up after its time", async () => {
    const { result } = await boot(machine(), {
      automount: { wait: { timeoutMs: 30, for: undefined } },
    });
    expect(result).toBe("skipped");
  });

  test("for a label doesn't format a blank disk meanwhile", async () => {
    const hardware = machine(new Platter(256 * mebibyte));
    let meanwhile: string[] | undefined;
    const { kernel } = await boot(hardware, {
      automount: {
        format: "blank",
        wait: { timeoutMs: 60, for: { by: "label", value: "boot2podman-data" } },
      },
      prepare: (made) =>
        setTimeout(() => {
          meanwhile = deviceWrites(made);
        }, 40),
    });
    expect(meanwhile).toEqual([]);
    expect(kernel.mounts().length).toBe(1 + boot2podman.binds.length);
  });
});
