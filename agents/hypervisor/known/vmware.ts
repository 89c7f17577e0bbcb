import type { HypervisorKind } from "../plan/hypervisor-kind.ts";

const vmtoolsd = "/usr/bin/vmtoolsd";
/** Mounts VMware's shared folders. */
export const vmhgfsProgram = "/usr/bin/vmhgfs-fuse";

/** VMware Workstation, Fusion and ESXi. */
export const vmware: HypervisorKind = {
  dmi: { starts: ["VMware", "VMW"] },
  cpuid: { signatures: ["VMwareVMware"] },
  deviceTree: { hypervisor: /vmware/ },
  programs: [vmtoolsd, vmhgfsProgram],
  plan({ programs }) {
    const hasDaemon = programs.includes(vmtoolsd);
    const hasShares = programs.includes(vmhgfsProgram);
    return {
      clock: "the host's by ptp_vmw",
      power: hasDaemon ? "ACPI button, VMware Tools" : "ACPI button",
      shares: hasShares ? ["vmhgfs"] : [],
      services: hasDaemon ? [{ name: "vmtoolsd", argv: [vmtoolsd] }] : [],
      missing: [
        ...(hasDaemon
          ? []
          : [`${vmtoolsd} for "shut down guest", addresses and quiesced snapshots`]),
        ...(hasShares ? [] : [`${vmhgfsProgram} for shared folders`]),
      ].map((what) => `${what}: build the image from image/vmware.toml`),
    };
  },
  row: {
    hypervisor: "VMware",
    drivers: "`vmxnet3`, `vmw_pvscsi`, `vmw_balloon`, VMCI, vsock",
    services: "`vmtoolsd` *",
    shares: "`vmhgfs-fuse` *",
    time: "`ptp_vmw`",
    power: "ACPI, tools *",
    freeze: "tools *",
  },
};
