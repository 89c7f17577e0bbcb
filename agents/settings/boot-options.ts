import { type AutomountOptions, defaultAutomountOptions } from "./options/automount.ts";
import type { GuestAgentPolicy } from "./options/guest-agent.ts";
import { defaultNetworkOptions, type NetworkOptions } from "./options/interface-setting.ts";
import { defaultShareOptions, type ShareOptions } from "./options/shares.ts";

/** What can be set, by words of the kernel command line or in boot2podman.toml; plain data. */
export interface BootOptions {
  /** The root: a tmpfs ("noembed", the default) or the kernel's own rootfs ("embed"). */
  root: "noembed" | "embed";
  /** host= */
  hostname: string | undefined;
  /** user=, default tc */
  user: string;
  nodhcp: boolean;
  /** ip= and nameserver= */
  network: NetworkOptions;
  /** waitusb= and boot2podman.automount=, .format=, .disk=: which disk may be used and which formatted. */
  automount: AutomountOptions;
  /** boot2podman.key=: lines of authorized_keys for the user. */
  keys: readonly string[];
  /** boot2podman.share= and boot2podman.shares=: shared folders of the hypervisor. */
  shares: ShareOptions;
  /** boot2podman.guest-agent= */
  guestAgent: GuestAgentPolicy;
  /** tz= */
  timeZone: string | undefined;
  /** ntpserver= */
  timeServers: readonly string[];
  noswap: boolean;
  nozswap: boolean;
  /** swapfile=: a size or a path. */
  swapFile: string | undefined;
  /** home= and opt=: the partition that has the folder. */
  homePartition: string | undefined;
  optPartition: string | undefined;
  /** nfsmount=: HOST:/FOLDER */
  nfsMounts: readonly string[];
  /** False with noautologin or secure. */
  autologin: boolean;
  /** superuser: the console logs root in. */
  superuser: boolean;
  /** pwauth: sshd takes passwords. */
  passwordLogin: boolean;
  multivt: boolean;
  cron: boolean;
  syslog: boolean;
  /** cgroup= */
  cgroup: "v1" | "v2";
  /** boot2podman.grace=: the most that all containers get for stopping. */
  graceMs: number;
  /** blacklist=: modules that are not loaded. */
  blacklist: readonly string[];
  /** boot2podman.fault=: stages that throw, to test that nothing is load-bearing. */
  faults: readonly string[];
}

export const defaultBootOptions: BootOptions = {
  root: "noembed",
  hostname: undefined,
  user: "tc",
  nodhcp: false,
  network: defaultNetworkOptions,
  automount: defaultAutomountOptions,
  keys: [],
  shares: defaultShareOptions,
  guestAgent: "safe",
  timeZone: undefined,
  timeServers: [],
  noswap: false,
  nozswap: false,
  swapFile: undefined,
  homePartition: undefined,
  optPartition: undefined,
  nfsMounts: [],
  autologin: true,
  superuser: false,
  passwordLogin: false,
  multivt: false,
  cron: false,
  syslog: false,
  cgroup: "v2",
  graceMs: 60_000,
  blacklist: [],
  faults: [],
};
