/** SMBIOS strings that make a machine of QEMU's look like one of VMware's. */
export const likeVmware = [
  ...["-smbios", "type=0,vendor=Phoenix Technologies LTD"],
  ...["-smbios", "type=1,manufacturer=VMware\\, Inc.,product=VMware Virtual Platform"],
].map((word) => word.replace("\\,", ",,"));
