import { rm } from "node:fs/promises";
import { test as plain } from "vitest";
import { fatSeedDisk } from "../disks/seed-disk.ts";
import { type Identity, newKey } from "../harness/data-disk.ts";
import type { DiskOptions } from "../harness/qemu.ts";
import type { Monitor } from "../harness/qmp.ts";
import { sharedByFile } from "../harness/shared-by-file.ts";
import { TestMachine } from "../harness/test-machine.ts";
import { TimeServer } from "../harness/time-server.ts";
import { usedDisk } from "../harness/used-disk.ts";
import { Wire } from "../harness/wire.ts";

/** The one machine that several groups of tests share, and what is around it. */
export interface Surrounded {
  identity: Identity;
  /** The data disk. */
  disk: DiskOptions;
  timeServer: TimeServer;
  /** The other end of a network in which nobody answers but the tests. */
  wire: Wire;
  machine: TestMachine;
  monitor: Monitor;
}

/** The hardware address of the interface that the NoCloud disk is about. */
export const secondMac = "52:54:00:0c:1d:7a";

/** A machine with two interfaces, a clock that is years wrong, and little memory. */
export const test = plain.extend(
  "surrounded",
  ...sharedByFile(async (atTheEnd): Promise<Surrounded> => {
    const { identity, disk } = await usedDisk();
    atTheEnd(() => rm(identity.folder, { recursive: true, force: true }));
    const key = await newKey(identity, "nocloud");
    const strangersKey = await newKey(identity, "stranger");
    const seed = await fatSeedDisk(
      identity.folder,
      { hostname: "fat-7", key, strangersKey },
      secondMac,
    );
    const timeServer = await TimeServer.start();
    atTheEnd(() => timeServer.stop());
    const wire = await Wire.lay();
    atTheEnd(() => wire.cut());
    const machine = await TestMachine.start({
      key: identity.key,
      disks: [disk, { file: seed, format: "raw", bus: "virtio", readOnly: true }],
      memoryMiB: 512,
      append: [
        `ntpserver=10.0.2.2:${timeServer.port} tz=CET-1CEST,M3.5.0,M10.5.0/3 swapfile=32M rtc=local`,
        "ip=10.8.0.77::10.8.0.2:24::eth2:off:1400",
      ].join(" "),
      extra: [
        ...["-rtc", "base=2031-05-05T05:05:05"],
        ...["-netdev", "user,id=second,net=10.9.0.0/24"],
        ...["-device", `e1000e,netdev=second,mac=${secondMac},romfile=`],
        ...["-netdev", "user,id=third,net=10.8.0.0/24"],
        ...["-device", "pcie-root-port,id=port1,chassis=1"],
        ...["-device", "pcie-root-port,id=port2,chassis=2"],
      ],
    });
    atTheEnd(() => machine.remove());
    const monitor = await machine.monitor();
    atTheEnd(() => monitor.close());
    return { identity, disk, timeServer, wire, machine, monitor };
  }),
);
