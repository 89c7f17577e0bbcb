/** The whole table, which needs no module (kernel: Documentation/ABI/testing/sysfs-firmware-dmi-tables). */
export const smbiosTable = "/sys/firmware/dmi/tables/DMI";
/** QEMU's -fw_cfg (kernel: Documentation/ABI/testing/sysfs-firmware-qemu_fw_cfg); there when the module is. */
export const firmwareConfig = "/sys/firmware/qemu_fw_cfg/by_name/opt/io.systemd.credentials";
