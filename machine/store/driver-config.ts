import * as z from "zod";
import { folderShare } from "./share.ts";

/** What can be behind a machine's network interface. */
export const networks = ["user", "restricted", "tap", "bridge"] as const;

/** One of them. */
export type NetworkKind = (typeof networks)[number];

/** Whether QEMU is the guest's network, and this host's ports lead to it. */
export function isUserNetwork(network: (typeof networks)[number]): boolean {
  return network === "user" || network === "restricted";
}

const port = z.int().min(1).max(65535);

/** The smallest memory that runs a container. */
export const memoryMinMib = 256;
/** An ext4 filesystem with room for one small container image. */
export const diskMinMib = 256;

/** A port of the host that leads to one of the guest. */
export const publishedPort = z.strictObject({
  HostIP: z.string().default("127.0.0.1"),
  HostPort: port,
  GuestPort: port,
  Protocol: z.enum(["tcp", "udp"]).default("tcp"),
});

/** What every driver's machines have: where to log in. */
const login = {
  MachineName: z.string().optional(),
  StorePath: z.string().optional(),
  IPAddress: z.string().default("127.0.0.1"),
  SSHUser: z.string().min(1).default("tc"),
  SSHPort: port,
  SSHKeyPath: z.string().default("id_rsa"),
};

/** A port of this host that leads to the machine's sshd. */
const forwardedPort = {
  /** True when the person chose the port: then it is never changed for a free one. */
  SSHPortFixed: z.boolean().default(false),
  /** Range MIN-MAX for chosen ports, or empty. */
  LocalPorts: z.string().default(""),
};

/**
 * What the file says of a machine run by QEMU. The names are those of the podman-machine that
 * existed before, so that either program's machines can be read by the other; what it doesn't
 * know has a default here that means what it did.
 */
const qemu = z.strictObject({
  ...login,
  ...forwardedPort,
  /** MiB. */
  Memory: z.int().min(1),
  /** MiB; the disk has this size beyond the archive with the key. */
  DiskSize: z.int().min(1),
  CPU: z.int().min(1),
  /** The QEMU to run; empty: the one for the image's architecture. */
  Program: z.string().default(""),
  /** Kernel and initrds given to QEMU, or the ISO in an emulated CD drive. */
  Boot: z.enum(["kernel", "iso"]).default("iso"),
  /** Folder of the image; empty: the machine's own folder, where older machines keep their ISO. */
  Image: z.string().default(""),
  /** The image that it booted last, and the one before: both stay in the store's cache. */
  ImageBooted: z.string().default(""),
  ImageBefore: z.string().default(""),
  /** The image that it boots whatever the folder holds: after a step back, or from an archive; empty: the folder's. */
  ImagePinned: z.string().default(""),
  /** The template whose memory it went on from at first; empty: it was booted. */
  Template: z.string().default(""),
  Accelerator: z.enum(["auto", "kvm", "tcg"]).default("auto"),
  /** More words for the kernel command line. */
  KernelArguments: z.string().default(""),
  Network: z.enum(networks).default("user"),
  NetworkInterface: z.string().default("tap0"),
  NetworkBridge: z.string().default("br0"),
  /** True: a window, by the host's DisplayType. */
  Display: z.boolean().default(false),
  DisplayType: z.string().default(""),
  /** Of the data disk, in QEMU's words; "default" leaves it to QEMU. */
  CacheMode: z.string().default("default"),
  IOMode: z.string().default("threads"),
  Shares: z.array(folderShare).default([]),
  Publish: z.array(publishedPort).default([]),
});

/** A machine that exists, and is reached over SSH. */
const generic = z.strictObject({
  ...login,
  IPAddress: z.string().min(1),
  SSHUser: z.string().min(1).default("root"),
  SSHPort: port.default(22),
  /** The key that was named, of which the machine has a copy; empty: ssh's own keys. */
  SSHKeySource: z.string().default(""),
});

/** A machine that is a URL and nothing else. */
const none = z.strictObject({
  ...login,
  IPAddress: z.string().default(""),
  SSHPort: port.default(22),
  URL: z.string().default(""),
});

/** A machine of VirtualBox; what isn't said has VirtualBox's own default. */
const virtualbox = z.strictObject({
  ...login,
  ...forwardedPort,
  Memory: z.int().min(1).default(1024),
  DiskSize: z.int().min(1).default(20_000),
  CPU: z.int().min(1).default(1),
  Image: z.string().default(""),
  /** dir:name as VirtualBox mounts it; empty: none. */
  ShareFolder: z.string().default(""),
  Publish: z.array(publishedPort).default([]),
});

/** A port that is published. */
export type PublishedPort = z.infer<typeof publishedPort>;

/** The settings of each driver's machines, as they are written: one that isn't here is refused. */
export const driverSettings = { qemu, generic, none, virtualbox };

const readShares = z.array(folderShare.loose()).default([]);
const readPublish = z.array(publishedPort.loose()).default([]);

/** The same as they are read: others beside them, of another program or a later version, are kept. */
export const readSettings = {
  qemu: qemu.loose().extend({ Shares: readShares, Publish: readPublish }),
  generic: generic.loose(),
  none: none.loose(),
  virtualbox: virtualbox.loose().extend({ Publish: readPublish }),
};

/** The names of the drivers. */
export type DriverName = keyof typeof driverSettings;

interface AllSettings {
  qemu: z.infer<typeof qemu>;
  generic: z.infer<typeof generic>;
  none: z.infer<typeof none>;
  virtualbox: z.infer<typeof virtualbox>;
}

/** The settings of a driver's machine. */
export type Settings<N extends DriverName = DriverName> = AllSettings[N];

/** Settings that differ from now on. */
export type SettingsChange<N extends DriverName = DriverName> = {
  [M in N]: Partial<AllSettings[M]>;
}[N];

/** What the making of a machine adds by itself. */
type Added = "MachineName" | "StorePath" | "SSHPort" | "SSHPortFixed";

interface AllNewSettings {
  qemu: Omit<z.input<typeof qemu>, Added>;
  generic: Omit<z.input<typeof generic>, Added>;
  none: Omit<z.input<typeof none>, Added>;
  virtualbox: Omit<z.input<typeof virtualbox>, Added>;
}

/** What is chosen for a new machine; what isn't has its default. */
export type NewSettings<N extends DriverName = DriverName> = AllNewSettings[N] & {
  /** The port of its sshd, or of this host where one leads there; undefined: a free one. */
  readonly SSHPort?: number | undefined;
};
