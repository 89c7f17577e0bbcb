import { readFile } from "node:fs/promises";
import path from "node:path";
import { expect } from "vitest";
import { seedDisk } from "../disks/seed-disk.ts";
import { newKey } from "../harness/data-disk.ts";
import { eventually } from "../harness/eventually.ts";
import { test } from "./booted.ts";

/** The name, and the keys that sshd takes. */
const accepted =
  "hostname; cat /root/.ssh/authorized_keys /home/tc/.ssh/authorized_keys; cat /etc/ssh/authorized_keys.d/* 2>/dev/null; true";

/** A NoCloud disk that somebody puts into the machine when it has been running for long. */
export function lateSeedTests(): void {
  test("takes nothing of a NoCloud disk that is plugged in after the boot, and says so on the console", async ({
    booted: { identity, machine },
  }) => {
    const before = await machine.root(accepted);
    const seed = await seedDisk(identity.folder, {
      hostname: "too-late",
      key: await newKey(identity, "nocloud"),
      strangersKey: await newKey(identity, "stranger"),
    });
    const monitor = await machine.monitor();
    const file = { driver: "file", filename: seed, "read-only": true };
    const node = { driver: "raw", "node-name": "seed", "read-only": true, file };
    await monitor.execute("blockdev-add", node);
    await monitor.execute("device_add", {
      driver: "scsi-hd",
      id: "seed",
      bus: "scsi.0",
      drive: "seed",
    });
    monitor.close();
    await eventually(
      () => readFile(machine.console, "utf8"),
      (said) =>
        /the NoCloud disk \/dev\/sd[a-z] came after this boot had looked for one: .* count from the next boot on/.test(
          said,
        ),
    );
    const login = await machine.logIn("tc", path.join(identity.folder, "nocloud"));
    expect(login.exitCode).toBe(255);
    expect(await machine.root(accepted)).toBe(before);
    expect(await machine.root("sshkeys status")).toMatch(
      / nocloud \(from NoCloud disk \/dev\/sd[a-z]; counts from the next boot on\)$/m,
    );
  });
}
