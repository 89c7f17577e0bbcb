import type { MachineFacts } from "./facts/machine-facts.ts";
import { type Hypervisor, hypervisors, namedHypervisors } from "./hypervisors.ts";
import type { HypervisorKind } from "./plan/hypervisor-kind.ts";

/** On which hypervisor we are, and what told. */
export interface Detection {
  hypervisor: Hypervisor;
  /** What told: "DMI product name \"VirtualBox\"". */
  by: string;
}

/** The first hypervisor of which something holds. */
function findHypervisor(holds: (kind: HypervisorKind) => boolean): Hypervisor | undefined {
  return namedHypervisors.find(([, kind]) => holds(kind))?.[0];
}

/**
 * Tells on which hypervisor we are, in the order that systemd's detection found to work: the names in DMI that
 * are better than what the CPU says, /sys/hypervisor, the CPU's signature, all other names in DMI (the product before the
 * vendors), the device tree, the kernel's clocks, the firmware's mark, and at last the bare flag of the CPU.
 */
export function detectHypervisor(facts: MachineFacts): Detection {
  const dmi = byDmi(facts);
  if (isBareMetalCloud(facts)) {
    return { hypervisor: "none", by: "bare metal of a cloud" };
  }
  if (dmi !== undefined && hypervisors[dmi.hypervisor].dmi?.beatsCpuid === true) {
    return dmi;
  }
  return (
    bySysHypervisor(facts) ??
    byCpuid(facts.cpuidSignatures, dmi) ??
    dmi ??
    byDeviceTree(facts) ??
    byClock(facts) ??
    byMark(facts)
  );
}

/** Some clouds' machines without a hypervisor have the cloud's name in DMI all the same. */
function isBareMetalCloud({ dmi, cpuHasHypervisorFlag, smbiosSaysVirtual }: MachineFacts): boolean {
  if (cpuHasHypervisorFlag || smbiosSaysVirtual) {
    return false;
  }
  return findHypervisor((kind) => kind.isBareMetal?.(dmi) ?? false) !== undefined;
}

function byDmi({ dmi }: MachineFacts): Detection | undefined {
  const fields = [
    ["product name", dmi.productName],
    ["system vendor", dmi.systemVendor],
    ["board vendor", dmi.boardVendor],
    ["BIOS vendor", dmi.biosVendor],
    ["product version", dmi.productVersion],
  ] as const;
  for (const [field, text] of fields) {
    const hypervisor = findHypervisor(
      (kind) => kind.dmi?.starts?.some((start) => text.startsWith(start)) ?? false,
    );
    if (hypervisor !== undefined) {
      return { hypervisor, by: `DMI ${field} ${JSON.stringify(text)}` };
    }
  }
  for (const [hypervisor, kind] of namedHypervisors) {
    const product = kind.dmi?.product;
    if (product?.vendor === dmi.systemVendor && product.name === dmi.productName) {
      return { hypervisor, by: product.by };
    }
  }
  return undefined;
}

/**
 * A signature that others imitate counts last, and only where DMI names nobody else. KVM's says nothing of the
 * machine around it.
 */
function byCpuid(signatures: readonly string[], dmi: Detection | undefined): Detection | undefined {
  const known = signatures.flatMap((signature) => {
    const hypervisor = findHypervisor(
      (kind) => kind.cpuid?.signatures.includes(signature) ?? false,
    );
    const by = `CPUID signature ${JSON.stringify(signature)}`;
    return hypervisor === undefined ? [] : [{ hypervisor, by }];
  });
  const isImitated = (told: Detection) => hypervisors[told.hypervisor].cpuid?.isImitated ?? false;
  const told = known.find((one) => !isImitated(one)) ?? known[0];
  if (told === undefined || dmi === undefined) {
    return told;
  }
  if (isImitated(told)) {
    return dmi.hypervisor === told.hypervisor ? told : dmi;
  }
  return told.hypervisor === "kvm" && dmi.hypervisor === "qemu" ? dmi : told;
}

function bySysHypervisor(facts: MachineFacts): Detection | undefined {
  const { hypervisorType, xenCapabilities } = facts;
  const hypervisor = findHypervisor(
    ({ sysHypervisorType }) =>
      sysHypervisorType !== undefined && sysHypervisorType === hypervisorType,
  );
  if (hypervisor === "xen" && xenCapabilities.includes("control_d")) {
    return { hypervisor: "none", by: "the control domain of Xen" };
  }
  return hypervisor === undefined ? undefined : { hypervisor, by: "/sys/hypervisor/type" };
}

function byDeviceTree(facts: MachineFacts): Detection | undefined {
  const { deviceTreeHypervisor, deviceTreeMachine, deviceTreeHasFwCfg } = facts;
  const by = `device tree ${JSON.stringify(deviceTreeHypervisor || deviceTreeMachine)}`;
  const named = findHypervisor(
    ({ deviceTree }) => deviceTree?.hypervisor?.test(deviceTreeHypervisor) ?? false,
  );
  if (named !== undefined) {
    return { hypervisor: named, by };
  }
  const withFwCfg = findHypervisor(({ deviceTree }) => deviceTree?.hasFwCfg ?? false);
  if (deviceTreeHasFwCfg && withFwCfg !== undefined) {
    return { hypervisor: withFwCfg, by: "device tree: QEMU's fw-cfg" };
  }
  const machine = findHypervisor(
    ({ deviceTree }) => deviceTree?.machine?.test(deviceTreeMachine) ?? false,
  );
  return machine === undefined ? undefined : { hypervisor: machine, by };
}

function byClock({ clockSources }: MachineFacts): Detection | undefined {
  for (const clock of clockSources) {
    const hypervisor = findHypervisor(({ clockSource }) => clockSource?.test(clock) ?? false);
    if (hypervisor !== undefined) {
      return { hypervisor, by: `clock source ${clock}` };
    }
  }
  return undefined;
}

function byMark(facts: MachineFacts): Detection {
  if (facts.cpuHasHypervisorFlag) {
    return { hypervisor: "unknown", by: "the CPU's hypervisor flag" };
  }
  if (facts.smbiosSaysVirtual) {
    return { hypervisor: "unknown", by: "SMBIOS's mark" };
  }
  return { hypervisor: "none", by: "no sign of a hypervisor" };
}
