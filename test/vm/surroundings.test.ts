import { readFile, rm } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe } from "vitest";
import { fatSeedDisk } from "./disks/seed-disk.ts";
import { runOk } from "./harness/run.ts";
import { TestMachine } from "./harness/test-machine.ts";
import { TimeServer } from "./harness/time-server.ts";
import { usedDisk } from "./harness/used-disk.ts";
import { Wire } from "./harness/wire.ts";
import { givenAtBootTests } from "./surroundings/given-at-boot.ts";
import { laterCardsTests } from "./surroundings/later-cards.ts";
import { memoryTests } from "./surroundings/memory.ts";
import { shutdownTests } from "./surroundings/shutdown.ts";
import type { Surrounded } from "./surroundings/surrounded.ts";
import { timeTests } from "./surroundings/time.ts";

describe("a machine with two cards, a clock that is years wrong, and little memory", () => {
  const surrounded = {} as Surrounded;

  beforeAll(async () => {
    Object.assign(surrounded, await usedDisk());
    const { identity } = surrounded;
    const another = path.join(identity.folder, "nocloud");
    await runOk(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "nocloud", "-f", another]);
    const seed = await fatSeedDisk(
      identity.folder,
      "fat-7",
      await readFile(`${another}.pub`, "utf8"),
    );
    surrounded.timeServer = await TimeServer.start();
    surrounded.wire = await Wire.lay();
    surrounded.machine = await TestMachine.start({
      key: identity.key,
      disks: [surrounded.disk, { file: seed, format: "raw", bus: "virtio", readOnly: true }],
      memoryMiB: 512,
      append: [
        `ntpserver=10.0.2.2:${surrounded.timeServer.port} tz=CET-1CEST,M3.5.0,M10.5.0/3 swapfile=32M`,
        "ip=10.8.0.77::10.8.0.2:24::eth2:off:1400",
      ].join(" "),
      extra: [
        ...["-rtc", "base=2031-05-05T05:05:05"],
        ...["-netdev", "user,id=second,net=10.9.0.0/24"],
        ...["-device", "e1000e,netdev=second,romfile="],
        ...["-netdev", "user,id=third,net=10.8.0.0/24"],
        ...["-device", "pcie-root-port,id=port1,chassis=1"],
        ...["-device", "pcie-root-port,id=port2,chassis=2"],
      ],
    });
    surrounded.monitor = await surrounded.machine.monitor();
  });
  afterAll(async () => {
    surrounded.monitor?.close();
    await surrounded.machine?.remove();
    surrounded.wire?.cut();
    surrounded.timeServer?.stop();
    await rm(surrounded.identity.folder, { recursive: true, force: true });
  });

  givenAtBootTests(surrounded);
  laterCardsTests(surrounded);
  timeTests(surrounded);
  memoryTests(surrounded);
  shutdownTests(surrounded);
});
