import { describe, expect, test } from "vitest";
import { FakeKernel } from "../../kernel/fake-kernel.testing.ts";
import { type BootOptions, defaultBootOptions } from "../../settings/boot-options.ts";
import { mebibyte } from "../../units/bytes.ts";
import { type MemoryFacts, planMemory, swapFilePath } from "./plan-memory.ts";
import { memoryStage } from "./stage.ts";
import { swapHeader } from "./swap-header.ts";

const facts: MemoryFacts = {
  options: defaultBootOptions,
  availableBytes: 700 * mebibyte,
  hasSwap: false,
  hasDataDisk: true,
};
const withOptions = (options: Partial<BootOptions>, more: Partial<MemoryFacts> = {}) =>
  planMemory({ ...facts, ...more, options: { ...defaultBootOptions, ...options } });

describe("planMemory", () => {
  test.each([
    [700, 175, 612],
    [256, 64, 224],
    [255, 64, undefined],
    [64, 64, undefined],
    [40, 40, undefined],
    [7, 0, undefined],
  ])("of %i MiB free, %s are zram and containers may take %s", (free, zram, containers) => {
    const plan = planMemory({ ...facts, availableBytes: free * mebibyte });
    expect(plan.zramBytes / mebibyte).toBe(zram);
    expect(plan.containersBytes && plan.containersBytes / mebibyte).toBe(containers);
  });

  test("as much zram as is asked for, whatever is free", () => {
    expect(withOptions({ zramSize: "2G" }).zramBytes).toBe(2048 * mebibyte);
    expect(withOptions({ zramSize: "100" }).zramBytes).toBe(100 * mebibyte);
    expect(withOptions({ zramSize: "100M", nozswap: true }).zramBytes).toBe(0);
  });

  test.each([
    [128, 1000],
    [127, 100],
  ])("of %i MiB free, what was used within %i ms stays in memory", (free, workingSetMs) => {
    expect(planMemory({ ...facts, availableBytes: free * mebibyte })).toMatchObject({
      workingSetMs,
    });
  });

  test("makes no zram with nozswap, and none when there is swap already", () => {
    expect(withOptions({ nozswap: true }).zramBytes).toBe(0);
    expect(planMemory({ ...facts, hasSwap: true }).zramBytes).toBe(0);
  });

  test.each<[string, number]>([
    ["512M", 512 * mebibyte],
    ["2G", 2048 * mebibyte],
    ["64", 64 * mebibyte],
  ])("swapfile=%s is a file of that size on the data disk", (swapFile, sizeBytes) => {
    expect(withOptions({ swapFile }).swapFile).toEqual({ path: swapFilePath, sizeBytes });
  });

  test("swapfile=PATH is what is there", () => {
    const plan = withOptions({ swapFile: "/mnt/vda1/swap" }, { hasDataDisk: false });
    expect(plan.swapFile).toEqual({ path: "/mnt/vda1/swap", sizeBytes: undefined });
  });

  test("makes no swap file with noswap, or without a data disk, and says so", () => {
    const refused = withOptions({ swapFile: "1G", noswap: true });
    expect(refused).toMatchObject({ swapFile: undefined, warnings: [/noswap/] });
    const diskless = withOptions({ swapFile: "1G" }, { hasDataDisk: false });
    expect(diskless).toMatchObject({ swapFile: undefined, warnings: [/needs a data disk/] });
  });
});

test("the header is what mkswap writes", () => {
  const header = Buffer.from(swapHeader(64 * mebibyte));
  expect(header.subarray(4086).toString()).toBe("SWAPSPACE2");
  expect([header.readUInt32LE(1024), header.readUInt32LE(1028)]).toEqual([1, 16_383]);
  expect(() => swapHeader(4096)).toThrow(RangeError);
});

describe("the stage", () => {
  function system(): FakeKernel {
    const kernel = new FakeKernel().onRun("modprobe").onRun("mkswap");
    kernel.onRun("fallocate", ([, , size, path = ""]) => {
      kernel.lay({ [path]: new Uint8Array(Number(size)) });
      return {};
    });
    kernel.lay({
      "/proc/meminfo": "MemAvailable: 716800 kB\n",
      "/proc/swaps": "Filename Type Size Used Priority\n",
      "/proc/sys/vm/page-cluster": "3",
      "/sys/block/zram0/disksize": "0",
      "/sys/fs/cgroup": null,
      "/sys/kernel/mm/lru_gen/min_ttl_ms": "0",
      "/var/lib/boot2podman": null,
    });
    kernel.addBlockDevice("/dev/zram0", new Uint8Array(8192));
    return kernel;
  }
  const run = async (kernel: FakeKernel, options: Partial<BootOptions> = {}) => {
    const notes = { observed: null, plan: null, done: [] };
    const all = { ...defaultBootOptions, ...options };
    return await memoryStage.run({ kernel, options: all, notes });
  };

  test("swaps to zram, spares the agent, and limits containers", async () => {
    const kernel = system();
    const { message } = await run(kernel);
    expect(message).toBe("zram of 175 MiB; containers at most 612 MiB");
    expect(kernel.readText("/sys/block/zram0/disksize")).toBe(String(175 * mebibyte));
    expect(Buffer.from(kernel.blockContent("/dev/zram0")).includes("SWAPSPACE2")).toBe(true);
    expect(kernel.journal).toContain("swapOn /dev/zram0 100");
    expect(kernel.journal).toContain("protectFromOom ");
    expect(kernel.readText("/sys/kernel/mm/lru_gen/min_ttl_ms")).toBe("1000");
    expect(kernel.readText("/sys/fs/cgroup/libpod_parent/memory.max")).toBe(`${612 * mebibyte}`);
  });

  test("goes on when zram can't be had, and says so", async () => {
    const kernel = system();
    kernel.failOn("swapOn", "/dev/zram0", "EPERM");
    expect((await run(kernel)).message).toMatch(/containers at most .*; zram of 175 MiB: .*EPERM/);
  });

  test("makes the swap file once, and takes it as it is afterwards", async () => {
    const kernel = system();
    kernel.mount({ source: "/dev/vda1", target: "/var/lib/boot2podman", type: "ext4" });
    await run(kernel, { swapFile: "1M" });
    await run(kernel, { swapFile: "1M" });
    expect(kernel.runs.filter(({ argv }) => argv[0] === "fallocate")).toHaveLength(1);
    expect(kernel.stat(swapFilePath)?.mode).toBe(0o600);
    expect(kernel.journal.filter((line) => line === `swapOn ${swapFilePath} 10`)).toHaveLength(2);
  });

  test("leaves no half a swap file on a full disk", async () => {
    const kernel = system().onRun("mkswap", { exitCode: 1, stderr: "no space" });
    kernel.mount({ source: "/dev/vda1", target: "/var/lib/boot2podman", type: "ext4" });
    expect((await run(kernel, { swapFile: "1M" })).message).toMatch(/no space/);
    expect(kernel.exists(swapFilePath)).toBe(false);
  });
});
