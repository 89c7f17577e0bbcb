/** Programs of hypervisors that an image may have. */
export const toolPrograms = {
  qemuAgent: "/usr/sbin/qemu-ga",
  vmtoolsd: "/usr/bin/vmtoolsd",
  vmhgfs: "/usr/bin/vmhgfs-fuse",
  hvKvp: "/usr/sbin/hv_kvp_daemon",
  hvVss: "/usr/sbin/hv_vss_daemon",
  prltoolsd: "/usr/bin/prltoolsd",
} as const;

/** Nodes that drivers make where a hypervisor's device is. */
export const toolDevices = {
  vboxGuest: "/dev/vboxguest",
  hvKvp: "/dev/vmbus/hv_kvp",
  hvVss: "/dev/vmbus/hv_vss",
  xenBus: "/dev/xen/xenbus",
  vsock: "/dev/vsock",
} as const;
