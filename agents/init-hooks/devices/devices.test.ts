import { describe, expect, test } from "vitest";
import { FakeKernel } from "../../kernel/fake-kernel.testing.ts";
import { globToRegExp, matchModules } from "../../modules/match-modules.ts";
import { openModuleLoader } from "../../modules/module-loader.ts";
import { planNodes } from "../../modules/plan-nodes.ts";
import { defaultBootOptions } from "../../settings/boot-options.ts";
import { findModaliases } from "./find-modaliases.ts";
import { devicesStage } from "./stage.ts";

// Lines as depmod writes them for Debian's kernel.
const index = `# Aliases extracted from modules themselves.
alias pci:v00008086d0000100Esv*sd*bc*sc*i* e1000
alias pci:v00008086d000010D3sv*sd*bc*sc*i* e1000e
alias pci:v*d*sv*sd*bc01sc06i01* ahci
alias pci:v*d*sv*sd*bc01sc08i02* nvme
alias virtio:d00000001v* virtio_net
alias virtio:d00000002v* virtio_blk
alias acpi*:PNP0C0C:* button
alias acpi*:LNXPWRBN:* button
alias scsi:t-0x00* sd_mod
alias scsi:t-0x0e* sd_mod
alias input:b*v*p*e*-e*1,*k*r*a*m*l*s*f*w* evdev
alias usb:v*p*d*dc*dsc*dp*ic08isc06ip50in* usb_storage
alias cpu:type:x86,ven*fam*mod*:feature:*0094* crc32c_intel
alias usb:v0BDAp0138d0[0-2]*dc*dsc*dp*ic*isc*ip*in* ums_realtek
alias fs-ext4 ext4
`;

describe("matchModules", () => {
  test.each([
    ["QEMU's e1000", "pci:v00008086d0000100Esv00001AF4sd00001100bc02sc00i00", ["e1000"]],
    ["QEMU's e1000e", "pci:v00008086d000010D3sv00008086sd00000000bc02sc00i00", ["e1000e"]],
    [
      "SATA of q35, by its class",
      "pci:v00008086d00002922sv00001AF4sd00001100bc01sc06i01",
      ["ahci"],
    ],
    ["NVMe", "pci:v00001B36d00000010sv00001AF4sd00001100bc01sc08i02", ["nvme"]],
    ["a virtio card", "virtio:d00000001v00001AF4", ["virtio_net"]],
    ["a virtio disk", "virtio:d00000002v00001AF4", ["virtio_blk"]],
    ["the power button", "acpi:LNXPWRBN:", ["button"]],
    ["a SCSI disk", "scsi:t-0x00", ["sd_mod"]],
    ["keys", "input:b0019v0000p0001e0000-e0,1,k74,ramlsfw", ["evdev"]],
    [
      "a CPU with SSE4.2",
      "cpu:type:x86,ven0000fam0006mod0055:feature:,0000,0094,0099",
      ["crc32c_intel"],
    ],
    ["a USB stick", "usb:v46F4p0001d0000dc00dsc00dp00ic08isc06ip50in00", ["usb_storage"]],
    ["a set in a pattern", "usb:v0BDAp0138d0112dc00dsc00dp00icFFisc00ip00in00", ["ums_realtek"]],
    ["the host bridge", "pci:v00008086d000029C0sv00001AF4sd00001100bc06sc00i00", []],
    ["no bus at all", "fs-ext4", ["ext4"]],
  ])("finds what serves %s", (_, modalias, modules) => {
    expect(matchModules([modalias], index)).toEqual(modules);
  });

  test("names each module once, in the order of the index", () => {
    const modaliases = [
      "acpi:PNP0C0C:",
      "virtio:d00000002v1",
      "virtio:d00000001v1",
      "acpi:LNXPWRBN:",
    ];
    expect(matchModules(modaliases, index)).toEqual(["virtio_net", "virtio_blk", "button"]);
  });

  test("tells patterns apart that differ only far behind", () => {
    const far = (end: string) => `of:N${"x".repeat(60)}T(null)C${end}`;
    const long = `alias ${far("one")} first\nalias ${far("two")}* second\n`;
    expect(matchModules([far("two-b")], long)).toEqual(["second"]);
  });

  test("finds nothing for nothing, or without an index", () => {
    expect(matchModules([], index)).toEqual([]);
    expect(matchModules(["virtio:d00000001v1"], "")).toEqual([]);
  });

  test("takes a pattern's other characters for themselves", () => {
    expect(globToRegExp("a.b+(c)*").test("a.b+(c)d")).toBe(true);
    expect(globToRegExp("a.b").test("axb")).toBe(false);
    expect(globToRegExp("a?[!0-9]").test("abc")).toBe(true);
    expect(globToRegExp("a?[!0-9]").test("ab1")).toBe(false);
  });
});

test("planNodes reads depmod's list and opens tun for everybody", () => {
  const list = "# Device nodes\ntun net/tun c10:200\nloop loop-control c10:237\nbad ../x c1:1\n";
  expect(planNodes(list)).toEqual([
    { path: "/dev/net/tun", kind: "char", major: 10, minor: 200, mode: 0o666 },
    { path: "/dev/loop-control", kind: "char", major: 10, minor: 237, mode: 0o600 },
  ]);
});

const modulesFolder = "/lib/modules/6.12.1";

/** A system on which loading a driver makes the devices behind it appear. */
function system(behind: Record<string, Record<string, string>> = {}): FakeKernel {
  const kernel = new FakeKernel().lay({
    "/dev/fuse": "",
    "/proc/sys/kernel/osrelease": "6.12.1\n",
    [`${modulesFolder}/modules.alias`]: index,
    [`${modulesFolder}/modules.devname`]: "tun net/tun c10:200\n",
    "/sys/bus/pci/devices/0000:00:1f.2/modalias": "pci:v1d1sv1sd1bc01sc06i01\n",
    "/sys/bus/memory/devices/memory0/modalias": "virtio:d00000001v1\n",
    "/sys/class/input/input0/modalias": "input:b0019v0000p0001e0000-e0,1,k74,ramlsfw\n",
    "/sys/class/input/mice/dev": "13:63\n",
  });
  kernel.onRun("modprobe", (argv) => {
    for (const name of argv) {
      kernel.lay(behind[name] ?? {});
    }
    return { exitCode: 1 };
  });
  return kernel;
}

const modprobes = (kernel: FakeKernel) => kernel.runs.map((run) => run.argv.join(" "));

test("findModaliases reads each device once, and no memory blocks", () => {
  const seen = new Set<string>();
  const kernel = system();
  expect(findModaliases(kernel, seen)).toEqual([
    "pci:v1d1sv1sd1bc01sc06i01",
    "input:b0019v0000p0001e0000-e0,1,k74,ramlsfw",
  ]);
  expect(findModaliases(kernel, seen)).toEqual([]);
});

describe("the stage", () => {
  const notes = () => ({ observed: null, plan: null, done: [] });

  test("loads in rounds until no new device asks for a module, with one modprobe a round", async () => {
    const kernel = system({
      ahci: { "/sys/bus/scsi/devices/0:0:0:0/modalias": "scsi:t-0x00\n" },
    });
    let watched = 0;
    const loader = openModuleLoader(kernel, []);
    const stage = devicesStage({
      loader,
      seen: new Set(),
      headStart: undefined,
      watchDevices: () => (watched += 1),
    });
    const outcome = await stage.run({ kernel, options: defaultBootOptions, notes: notes() });
    expect(modprobes(kernel)).toEqual(["modprobe -a -b -q ahci evdev", "modprobe -a -b -q sd_mod"]);
    expect(outcome.message).toBe("3 modules in 3 rounds");
    expect(kernel.stat("/dev/net/tun")).toMatchObject({ kind: "char", mode: 0o666 });
    expect(kernel.stat("/dev/fuse")?.mode).toBe(0o666);
    expect(watched).toBe(1);
  });

  test("leaves optical drives to whoever watches devices", async () => {
    const kernel = system({ ahci: { "/sys/bus/scsi/devices/1:0:0:0/modalias": "scsi:t-0x05\n" } });
    kernel.lay({ [`${modulesFolder}/modules.alias`]: `${index}alias scsi:t-0x05* sr_mod\n` });
    const loader = openModuleLoader(kernel, []);
    const seen = new Set<string>();
    const parts = { loader, seen, headStart: undefined, watchDevices: () => undefined };
    await devicesStage(parts).run({ kernel, options: defaultBootOptions, notes: notes() });
    expect(modprobes(kernel)).toEqual(["modprobe -a -b -q ahci evdev"]);
    expect(findModaliases(kernel, seen)).toEqual(["scsi:t-0x05"]);
  });

  test("leaves modules of the blacklist out, however they are spelt", async () => {
    const kernel = system();
    const loader = openModuleLoader(kernel, ["ahci", "sd-mod"]);
    expect(
      await loader.loadFor(["pci:v1d1sv1sd1bc01sc06i01", "scsi:t-0x00", "virtio:d00000001v1"]),
    ).toEqual(["virtio_net"]);
    expect(modprobes(kernel)).toEqual(["modprobe -a -b -q virtio_net"]);
  });

  test("doesn't try a module twice, and reads the index anew when it was forgotten", async () => {
    const kernel = system();
    const loader = openModuleLoader(kernel, []);
    await loader.loadFor(["virtio:d00000001v1"]);
    loader.forgetIndex();
    expect(await loader.loadFor(["virtio:d00000001v1", "virtio:d00000002v1"])).toEqual([
      "virtio_blk",
    ]);
  });

  test("is no failure where the image has no modules for this kernel", async () => {
    const kernel = new FakeKernel().lay({ "/proc/sys/kernel/osrelease": "7.0\n" });
    const stage = devicesStage({
      loader: openModuleLoader(kernel, []),
      seen: new Set(),
      headStart: undefined,
      watchDevices: () => undefined,
    });
    const outcome = await stage.run({ kernel, options: defaultBootOptions, notes: notes() });
    expect(outcome.message).toBe("0 modules in 1 rounds");
  });

  test("leaves out what the head start has loaded, and waits for it to end", async () => {
    const kernel = system().lay({
      "/sys/module/ahci/initstate": "live\n",
      "/sys/module/evdev/initstate": "coming\n",
    });
    const loader = openModuleLoader(kernel, []);
    const headStart = "/dev/.done";
    const parts = { loader, seen: new Set<string>(), headStart, watchDevices: () => undefined };
    const running = devicesStage(parts).run({
      kernel,
      options: defaultBootOptions,
      notes: notes(),
    });
    expect(modprobes(kernel)).toEqual([]);
    kernel.lay({ [headStart]: "" });
    kernel.emitUevent({ action: "add", devpath: "/", values: {} });
    await running;
    expect(modprobes(kernel)).toEqual(["modprobe -a -b -q evdev"]);
    expect(kernel.exists(headStart)).toBe(false);
  });

  test("goes on by itself when the head start never ends", async () => {
    const kernel = system();
    kernel.failOn("stat", "/dev/.done", "ETIMEDOUT");
    const loader = openModuleLoader(kernel, []);
    const headStart = "/dev/.done";
    const parts = { loader, seen: new Set<string>(), headStart, watchDevices: () => undefined };
    await devicesStage(parts).run({ kernel, options: defaultBootOptions, notes: notes() });
    expect(modprobes(kernel)).toEqual(["modprobe -a -b -q ahci evdev"]);
  });

  test("in the plain way loads by one pipeline, and devices are still watched", async () => {
    const kernel = new FakeKernel().onRun("sh");
    let watched = 0;
    const stage = devicesStage({
      loader: { loadFor: async () => [], forgetIndex: () => undefined },
      seen: new Set(),
      headStart: undefined,
      watchDevices: () => (watched += 1),
    });
    await stage.onFailure?.({ kernel, options: defaultBootOptions, notes: notes() });
    expect(kernel.runs[0]?.argv.at(-1)).toMatch(/xargs modprobe -q -a -b$/);
    expect(watched).toBe(1);
  });
});
