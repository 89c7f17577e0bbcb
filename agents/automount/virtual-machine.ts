import type { Kernel } from "../kernel/kernel.ts";

/** Makers that hypervisors put into the tables of their machines (DMI sys_vendor, product_name). */
const makers =
  /^(QEMU|KVM|VMware|innotek|Xen|Bochs|Parallels|BHYVE|Virtual Machine|VirtualBox|Apple Virtualization)/i;

/**
 * Whether this is a virtual machine: x86 says so in a CPU flag that only hypervisors set, others in their
 * DMI tables or device tree. "No" when in doubt.
 */
export function isVirtualMachine(kernel: Kernel): boolean {
  const cpu = kernel.readTextIfPresent("/proc/cpuinfo") ?? "";
  if (/^flags\s*:.*\bhypervisor\b/m.test(cpu)) return true;
  const tables = ["sys_vendor", "product_name"].map((name) => `/sys/class/dmi/id/${name}`);
  if (tables.some((path) => makers.test(kernel.readTextIfPresent(path) ?? ""))) return true;
  const model = kernel.readTextIfPresent("/sys/firmware/devicetree/base/compatible") ?? "";
  return /\b(linux,dummy-virt|qemu,)/.test(model);
}
