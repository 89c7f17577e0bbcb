import { describe, expect, test } from "vitest";
import { FakeKernel } from "../kernel/fake-kernel.testing.ts";
import { detectHypervisor } from "./detect.ts";
import { noMachineFacts } from "./facts/machine-facts.ts";
import { readMachineFacts } from "./facts/read-machine-facts.ts";
import { smbiosSaysVirtual } from "./facts/smbios.ts";
import { factsOf, realMachines } from "./real-machines.testing.ts";
import { isVirtualMachine } from "./virtual-machine.ts";

describe("detectHypervisor", () => {
  test.each(realMachines.map((machine) => [machine.name, machine] as const))("%s", (_, machine) => {
    expect(detectHypervisor(factsOf(machine)).hypervisor).toBe(machine.is);
  });

  test("says what told", () => {
    const by = (name: string) => {
      const machine = realMachines.find((known) => known.name === name);
      return machine === undefined ? undefined : detectHypervisor(factsOf(machine)).by;
    };
    expect(by("VirtualBox with KVM's interface")).toBe('DMI product name "VirtualBox"');
    expect(by("Hetzner")).toBe('CPUID signature "KVMKVMKVM"');
    expect(by("Firecracker, where CPUID can't be read")).toBe("clock source kvm-clock");
    expect(by("Xen PV, without DMI")).toBe("/sys/hypervisor/type");
    expect(by("Firecracker on ARM")).toBe('device tree "linux,dummy-virt"');
    expect(by("Hetzner on ARM")).toBe("SMBIOS's mark");
    expect(by("a hypervisor that nobody knows")).toBe("the CPU's hypervisor flag");
  });

  test("a machine that says nothing at all is no virtual one", () => {
    expect(detectHypervisor(noMachineFacts).hypervisor).toBe("none");
  });
});

describe("readMachineFacts", () => {
  /** Registers ebx, ecx and edx with twelve letters, as CPUID gives a signature. */
  function signature(text: string) {
    const [ebx = 0, ecx = 0, edx = 0] = new Uint32Array(
      new Uint8Array(Buffer.from(text.padEnd(12, "\0"), "latin1")).buffer,
    );
    return { eax: 0x40000001, ebx, ecx, edx };
  }
  const withFlag = { eax: 0, ebx: 0, ecx: 0x80000000 | 0, edx: 0 };

  test("asks the CPU where it answers, for imitations too", () => {
    const kernel = new FakeKernel();
    kernel.cpuidLeaves
      .set(1, withFlag)
      .set(0x40000000, signature("Microsoft Hv"))
      .set(0x40000100, signature("KVMKVMKVM"));
    const facts = readMachineFacts(kernel);
    expect(facts.cpuHasHypervisorFlag).toBe(true);
    expect(facts.cpuidSignatures).toEqual(["Microsoft Hv", "KVMKVMKVM"]);
    expect(detectHypervisor(facts).hypervisor).toBe("kvm");
  });

  test("asks for no signature where no hypervisor is", () => {
    const kernel = new FakeKernel();
    kernel.cpuidLeaves
      .set(1, { ...withFlag, ecx: 0x7fffffff })
      .set(0x40000000, signature("GenuineIntel"));
    expect(readMachineFacts(kernel)).toMatchObject({
      cpuHasHypervisorFlag: false,
      cpuidSignatures: [],
    });
  });

  test("takes /proc/cpuinfo where the CPU can't be asked", () => {
    const kernel = new FakeKernel().lay({ "/proc/cpuinfo": "flags\t\t: fpu hypervisor lahf_lm\n" });
    expect(readMachineFacts(kernel).cpuHasHypervisorFlag).toBe(true);
  });

  test("does without tables that only root may read", () => {
    const kernel = new FakeKernel().lay({ "/sys/firmware/dmi/tables/DMI": "x" });
    kernel.failOn("read", "/sys/firmware/dmi/tables/DMI", "EACCES");
    expect(readMachineFacts(kernel).smbiosSaysVirtual).toBe(false);
  });

  test("takes lists of the device tree apart", () => {
    const facts = readMachineFacts(
      new FakeKernel().lay({
        "/sys/firmware/devicetree/base/hypervisor/compatible": "xen,xen-4.17\0xen,xen\0",
        "/sys/firmware/devicetree/base/compatible": "linux,dummy-virt\0",
        "/sys/firmware/devicetree/base/fw-cfg@9020000/compatible": "qemu,fw-cfg-mmio\0",
      }),
    );
    expect(facts.deviceTreeHypervisor).toBe("xen,xen-4.17 xen,xen");
    expect(facts.deviceTreeMachine).toBe("linux,dummy-virt");
    expect(facts.deviceTreeHasFwCfg).toBe(true);
  });
});

describe("SMBIOS's mark", () => {
  const bios = (byte2: number, lengthBytes = 0x18) => {
    const structure = new Uint8Array(lengthBytes);
    structure.set([0, lengthBytes]);
    if (lengthBytes > 0x13) {
      structure[0x13] = byte2;
    }
    return [...structure, ...Buffer.from("SeaBIOS\0\0")];
  };
  const other = [1, 6, 0, 1, 1, 2, ...Buffer.from("QEMU\0Standard PC\0\0")];
  const end = [127, 4, 0, 0, 0, 0];

  test.each([
    ["is found", [...bios(0x1c), ...other, ...end], true],
    ["is found behind other structures", [...other, ...bios(0x10), ...end], true],
    ["isn't taken from other bits", [...bios(0x0c), ...other, ...end], false],
    ["isn't in a table of an old version", [...bios(0, 0x12), ...end], false],
    ["isn't looked for behind the end", [...end, ...bios(0x10)], false],
    ["isn't in no table", [], false],
    ["isn't in a table that is cut off", [0, 0x18, 0], false],
    ["isn't in a table of lengths that can't be", [0, 0, 0, 0, 0, 0], false],
    ["isn't in one without end", [1, 4, 0, 0, 65, 66, 67], false],
  ])("%s", (_, table, isVirtual) => {
    expect(smbiosSaysVirtual(new Uint8Array(table))).toBe(isVirtual);
  });
});

test("whoever asks only whether this is a virtual machine gets the same answer", () => {
  const lay = (files: Record<string, string>) => isVirtualMachine(new FakeKernel().lay(files));
  expect(lay({ "/sys/class/dmi/id/product_name": "VMware7,1\n" })).toBe(true);
  expect(lay({ "/sys/class/dmi/id/sys_vendor": "Microsoft Corporation\n" })).toBe(false);
  expect(lay({})).toBe(false);
});
