export { smbiosTable } from "../../hypervisor/facts/smbios-structures.ts";

/** QEMU's -fw_cfg (kernel: Documentation/ABI/testing/sysfs-firmware-qemu_fw_cfg); there when the module is. */
export const firmwareConfig = "/sys/firmware/qemu_fw_cfg/by_name/opt/io.systemd.credentials";
