import { describe, expect, test } from "vitest";
import { boot2podman } from "../../flavour/flavour.ts";
import { defaultAutomountOptions } from "../../settings/options/automount.ts";
import { mebibyte } from "../../units/bytes.ts";
import { applyPlan } from "../apply/apply.ts";
import type { Content } from "../content/content.ts";
import { dosTableBytes, dosTableOffset } from "../content/dos-table.ts";
import { probe } from "../content/probe.ts";
import { layoutOf } from "../disk/layout.ts";
import { observeDisks } from "../observe/observe.ts";
import { plan } from "../plan/plan.ts";
import type { DiskStep } from "../plan/steps.ts";
import { type Cut, type Hardware, LabKernel, PowerCutError } from "./lab-kernel.testing.ts";
import { boot, firstBytes, key, keyPath, machine, newMachine } from "./machines.testing.ts";
import { Platter, type Survivors } from "./platter.testing.ts";

function tableOf(hardware: Hardware): Content {
  const platter = hardware.disks.get("vda");
  if (platter === undefined) {
    throw new Error("no disk");
  }
  const { sizeBytes, sectorBytes } = platter;
  const read = (offset: number, length: number) => platter.read(offset, length);
  return probe({ sizeBytes, sectorBytes, read, skipBytes: 4608 });
}

function expectSetUp(booted: Awaited<ReturnType<typeof boot>>, hardware: Hardware): void {
  expect(booted.result, booted.message).toBe("ok");
  expect(booted.kernel.readText(keyPath)).toBe(key);
  expect(booted.kernel.stat(keyPath)).toMatchObject({ uid: 1000, gid: 50, mode: 0o600 });
  expect(firstBytes(hardware, 29)).toBe("\0".repeat(29));
}

const disks = [
  { name: "of 256 MiB", sizeBytes: 256 * mebibyte, sectorBytes: 512, start: mebibyte },
  { name: "with 4096-byte sectors", sizeBytes: 256 * mebibyte, sectorBytes: 4096, start: mebibyte },
  { name: "of 3 TiB", sizeBytes: 3 * 1024 ** 4, sectorBytes: 512, start: 2 * mebibyte },
];

describe.each(disks)("a disk $name", ({ sizeBytes, sectorBytes, start }) => {
  test("is set up, mounted, and brings its key", async () => {
    const hardware = newMachine(sizeBytes, sectorBytes);
    expectSetUp(await boot(hardware), hardware);
    const table = tableOf(hardware);
    expect(table.is === "table" && table.table.entries.map((entry) => entry.startBytes)).toEqual([
      start,
    ]);
  });

  test("is used as it is on the next boot", async () => {
    const hardware = newMachine(sizeBytes, sectorBytes);
    await boot(hardware);
    const { kernel, message } = await boot(hardware);
    expect(message).toContain("/dev/vda1 on /mnt/vda1");
    expect(kernel.readText(keyPath)).toBe(key);
    expect(kernel.journal.filter((line) => line.startsWith("writeBlock"))).toEqual([]);
    expect(kernel.runs.map(({ argv }) => argv[0])).toEqual(["e2fsck"]);
  });

  const losses: [string, Survivors][] = [
    ["no unflushed write survives", "none"],
    ["all unflushed writes survive", "all"],
    ["every other unflushed write survives", (index) => index % 2 === 0],
    ["the last unflushed writes survive", (index) => index > 2],
  ];
  // What survives matters most where the table is written in more than one sector.
  const tried = sizeBytes > 1024 ** 4 ? losses : losses.slice(0, sectorBytes === 512 ? 3 : 1);
  test.each(tried)(
    "cut at every change (%s): the next boot ends the set-up with the key (accident 14)",
    async (_, survivors) => {
      const whole = await boot(newMachine(sizeBytes, sectorBytes));
      expect(whole.kernel.changes).toBeGreaterThan(25);
      for (let atChange = 0; atChange < whole.kernel.changes; atChange += 1) {
        const hardware = newMachine(sizeBytes, sectorBytes);
        await boot(hardware, { cut: { atChange, survivors } });
        const again = await boot(hardware);
        expectSetUp(again, hardware);
      }
    },
    60_000,
  );
});

// Very large disks have the most writes to be cut between.
test.each([256 * mebibyte, 3 * 1024 ** 4])(
  "a disk of %i bytes, cut in the first and again in the second boot, ends with the key",
  async (sizeBytes) => {
    const everyOther: Survivors = (index) => index % 2 === 1;
    for (let first = 2; first < 40; first += 6) {
      for (let second = 1; second < 40; second += 7) {
        const hardware = newMachine(sizeBytes);
        await boot(hardware, { cut: { atChange: first, survivors: everyOther } });
        await boot(hardware, { cut: { atChange: second, survivors: "none" } });
        expectSetUp(await boot(hardware), hardware);
      }
    }
  },
  60_000,
);

test("our table with nothing behind it: cut at every change, the next boot ends the set-up with the key", async () => {
  const withTable = () => {
    const hardware = newMachine();
    const disk = hardware.disks.get("vda");
    const partition = { type: 0x83, startSector: 2048, sectors: 255 * 2048 };
    disk?.write(dosTableOffset, dosTableBytes(1, partition));
    disk?.flush();
    return hardware;
  };
  const { changes } = (await boot(withTable())).kernel;
  for (let atChange = 0; atChange < changes; atChange += 1) {
    const hardware = withTable();
    const { kernel } = await boot(hardware, { cut: { atChange, survivors: "all" } });
    // A filesystem that is half made must not be reached through a table.
    const isHalfMade = kernel.journal.at(-1)?.startsWith("writeBlock mke2fs") === true;
    if (isHalfMade) {
      expect(tableOf(hardware)).toMatchObject({ is: "empty" });
    }
    expectSetUp(await boot(hardware), hardware);
  }
});

describe.each([
  [256 * mebibyte, 512 * mebibyte],
  [3 * 1024 ** 4, 5 * 1024 ** 4],
])("a disk of %i bytes that was enlarged to %i", (fromBytes, toBytes) => {
  const enlarged = async () => {
    const hardware = newMachine(fromBytes);
    const { kernel } = await boot(hardware);
    kernel.writeAtomic("/var/lib/containers/precious", "data");
    for (const disk of hardware.disks.values()) {
      disk.sizeBytes = toBytes;
    }
    return hardware;
  };
  const expectGrown = async (hardware: Hardware) => {
    const { kernel, result, message } = await boot(hardware);
    expect([result, message]).toEqual(["ok", "/dev/vda1 on /mnt/vda1; vda1 is the data disk"]);
    expect(kernel.readText("/var/lib/containers/precious")).toBe("data");
    const [disk] = await observeDisks(kernel, boot2podman);
    const [entry] = disk?.partitions ?? [];
    if (disk === undefined || entry?.content.is !== "ext4") {
      throw new Error("no data partition");
    }
    const { startBytes, sizeBytes } = layoutOf(disk);
    expect(entry).toMatchObject({ startBytes, sizeBytes });
    // The fake's superblock counts blocks in 32 bits.
    expect(entry.content.ext4.sizeBytes).toBe(((sizeBytes / 4096) % 2 ** 32) * 4096);
    expect(disk.content).toMatchObject({ is: "table", table: { isWhole: true } });
  };

  test("grows, with all that is on it", async () => {
    const hardware = await enlarged();
    const { done } = await boot(hardware);
    const grown = done.filter((line) => line.startsWith("grow "));
    expect(grown.map((line) => line.split(" ").slice(0, 3).join(" "))).toEqual([
      "grow partition 1",
      "grow the filesystem",
    ]);
    await expectGrown(hardware);
  });

  test("cut at every change: the next boot ends the growth", async () => {
    const { changes } = (await boot(await enlarged())).kernel;
    for (let atChange = 0; atChange < changes; atChange += 1) {
      for (const survivors of ["none", "all"] as const) {
        const hardware = await enlarged();
        await boot(hardware, { cut: { atChange, survivors } });
        await boot(hardware);
        await expectGrown(hardware);
      }
    }
  });

  test("that can't be grown is used as it is, and said", async () => {
    const hardware = await enlarged();
    const { kernel, result } = await boot(hardware, {
      prepare: (made) =>
        made.onRun("resize2fs", { exitCode: 1, stderr: "no room for descriptors" }),
    });
    expect(result).toBe("ok");
    expect(kernel.consoleLines.join("\n")).toContain("no room for descriptors");
    expect(kernel.readText("/var/lib/containers/precious")).toBe("data");
  });
});

describe("a blank disk", () => {
  const automount = { format: "blank" } as const;
  const blank = () => machine(new Platter(256 * mebibyte));

  test("where that is allowed is set up, and the set-up of one that was cut is finished without leave", async () => {
    const { changes } = (await boot(blank(), { automount })).kernel;
    for (let atChange = 0; atChange < changes; atChange += 1) {
      const hardware = blank();
      await boot(hardware, { cut: { atChange, survivors: "none" }, automount });
      const wasTouched = firstBytes(hardware, 512) !== "\0".repeat(512);
      const again = await boot(hardware);
      expect(again.result).toBe(wasTouched ? "ok" : "skipped");
    }
  });
});

describe("data on the disk", () => {
  test("survives a cut at every change of a later boot", async () => {
    const hardware = newMachine();
    const first = await boot(hardware);
    first.kernel.writeAtomic("/var/lib/containers/precious", "data");
    const changes = (await boot(hardware)).kernel.changes;
    for (let atChange = 0; atChange < changes; atChange += 1) {
      await boot(hardware, { cut: { atChange, survivors: "all" } });
      const { kernel, result } = await boot(hardware);
      expect(result).toBe("ok");
      expect(kernel.readText("/var/lib/containers/precious")).toBe("data");
    }
  });

  test("a key that the user removed stays removed (accident 13)", async () => {
    const hardware = newMachine();
    const first = await boot(hardware);
    first.kernel.writeAtomic(keyPath, "# none\n");
    const { kernel } = await boot(hardware);
    expect(kernel.readText(keyPath)).toBe("# none\n");
  });

  test("no file named as the magic is left (accident 15)", async () => {
    const { kernel } = await boot(newMachine());
    const names = ["/home/tc", "/mnt/vda1", "/mnt/vda1/home/tc"].flatMap((path) =>
      kernel.list(path),
    );
    expect(names.filter((name) => name.includes("format-me"))).toEqual([]);
  });
});

describe("the lab itself", () => {
  test("notices when the magic is cleared before the archive is kept", async () => {
    let lost = 0;
    for (let atChange = 0; atChange < 40; atChange += 1) {
      const hardware = newMachine();
      await wronglyOrderedBoot(hardware, { atChange, survivors: "all" });
      const { kernel } = await boot(hardware);
      if (!kernel.exists(keyPath)) {
        lost += 1;
      }
    }
    expect(lost).toBeGreaterThan(0);
  });

  async function wronglyOrderedBoot(hardware: Hardware, cut: Cut): Promise<void> {
    const kernel = new LabKernel(hardware, cut);
    try {
      const observed = await observeDisks(kernel, boot2podman);
      const options = defaultAutomountOptions;
      const situation = { disks: observed, options, flavour: boot2podman };
      const { steps } = plan({ ...situation, inVirtualMachine: true });
      const isClear = (step: DiskStep) => step.do === "clear-magic";
      const keepAt = steps.findIndex((step) => step.do === "keep-archive");
      const others = steps.filter((step) => !isClear(step));
      const wrong = [...others.slice(0, keepAt), ...steps.filter(isClear), ...others.slice(keepAt)];
      await applyPlan(kernel, situation, wrong, { done: [] });
    } catch (error) {
      if (!(error instanceof PowerCutError)) {
        throw error;
      }
    }
    kernel.switchOff();
  }
});
