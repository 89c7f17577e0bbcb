import type { Kernel } from "../../kernel/kernel.ts";
import { hasCode } from "../../kernel/kernel-error.ts";
import type { SystemPath } from "../../kernel/system-path.ts";
import type { MachineFacts } from "./machine-facts.ts";
import { smbiosSaysVirtual } from "./smbios.ts";
import { smbiosTable } from "./smbios-structures.ts";

const deviceTree = "/sys/firmware/devicetree/base";
/** First leaf for hypervisors. One that imitates another has its own signature 0x100 or more above. */
const hypervisorLeaf = 0x40000000;
const leafStep = 0x100;
const mostLeaves = 4;

/** Reads what the machine says of itself: small files, and the CPU's own word on x86. */
export function readMachineFacts(kernel: Kernel): MachineFacts {
  const text = (path: SystemPath) => (kernel.readTextIfPresent(path) ?? "").trim();
  // Properties of the device tree end with NUL, lists have one between.
  const property = (path: SystemPath) => text(path).replaceAll("\0", " ").trim();
  const dmi = (name: string) => text(`/sys/class/dmi/id/${name}`);
  const hasFlag = cpuHasHypervisorFlag(kernel);
  return {
    dmi: {
      productName: dmi("product_name"),
      systemVendor: dmi("sys_vendor"),
      boardVendor: dmi("board_vendor"),
      biosVendor: dmi("bios_vendor"),
      productVersion: dmi("product_version"),
    },
    // Without the flag these leaves are no hypervisor's, and the CPU answers with something else.
    cpuidSignatures: hasFlag ? cpuidSignatures(kernel) : [],
    cpuHasHypervisorFlag: hasFlag,
    hypervisorType: text("/sys/hypervisor/type"),
    xenCapabilities: text("/proc/xen/capabilities"),
    deviceTreeHypervisor: property(`${deviceTree}/hypervisor/compatible`),
    deviceTreeMachine: property(`${deviceTree}/compatible`),
    deviceTreeHasFwCfg: kernel.listIfPresent(deviceTree).some((name) => name.startsWith("fw-cfg@")),
    clockSources: text("/sys/devices/system/clocksource/clocksource0/available_clocksource")
      .split(/\s+/)
      .filter((name) => name !== ""),
    smbiosSaysVirtual: smbiosSaysVirtual(readTables(kernel)),
  };
}

/** Only root may read them; others do without. */
function readTables(kernel: Kernel): Uint8Array {
  try {
    return kernel.exists(smbiosTable) ? kernel.read(smbiosTable) : new Uint8Array();
  } catch (error) {
    if (hasCode(error, "EACCES", "EPERM")) {
      return new Uint8Array();
    }
    throw error;
  }
}

function cpuHasHypervisorFlag(kernel: Kernel): boolean {
  const features = kernel.cpuid(1);
  if (features !== undefined) {
    return features.ecx >>> 31 === 1;
  }
  const cpuinfo = kernel.readTextIfPresent("/proc/cpuinfo") ?? "";
  return /^flags\s*:.*\bhypervisor\b/m.test(cpuinfo);
}

function cpuidSignatures(kernel: Kernel): string[] {
  const signatures: string[] = [];
  for (let index = 0; index < mostLeaves; index += 1) {
    const leaf = kernel.cpuid(hypervisorLeaf + index * leafStep);
    if (leaf === undefined) {
      break;
    }
    const letters = new Uint32Array([leaf.ebx, leaf.ecx, leaf.edx]);
    const signature = Buffer.from(letters.buffer).toString("latin1").replace(/\0+$/, "");
    // What is no text is no signature: the answer of a leaf that doesn't exist.
    if (/^[\x20-\x7e]{3,}$/.test(signature) && !signatures.includes(signature)) {
      signatures.push(signature);
    }
  }
  return signatures;
}
