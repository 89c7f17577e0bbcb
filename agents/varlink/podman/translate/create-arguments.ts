import type { Fields } from "../../json/json.ts";

/** Members of Create by the option of `podman create` that they are. Those that it has no more aren't among them. */
const options: Readonly<Record<string, string>> = {
  addHost: "add-host",
  annotation: "annotation",
  attach: "attach",
  blkioWeight: "blkio-weight",
  blkioWeightDevice: "blkio-weight-device",
  capAdd: "cap-add",
  capDrop: "cap-drop",
  cgroupParent: "cgroup-parent",
  cidFile: "cidfile",
  conmonPidfile: "conmon-pidfile",
  cpuPeriod: "cpu-period",
  cpuQuota: "cpu-quota",
  cpuRtPeriod: "cpu-rt-period",
  cpuRtRuntime: "cpu-rt-runtime",
  cpuShares: "cpu-shares",
  cpus: "cpus",
  cpuSetCpus: "cpuset-cpus",
  cpuSetMems: "cpuset-mems",
  device: "device",
  deviceReadBps: "device-read-bps",
  deviceReadIops: "device-read-iops",
  deviceWriteBps: "device-write-bps",
  deviceWriteIops: "device-write-iops",
  dns: "dns",
  dnsServers: "dns",
  dnsOpt: "dns-option",
  dnsSearch: "dns-search",
  entrypoint: "entrypoint",
  env: "env",
  envFile: "env-file",
  expose: "expose",
  gidmap: "gidmap",
  groupadd: "group-add",
  healthcheckCommand: "health-cmd",
  healthcheckInterval: "health-interval",
  healthcheckRetries: "health-retries",
  healthcheckStartPeriod: "health-start-period",
  healthcheckTimeout: "health-timeout",
  hostname: "hostname",
  imageVolume: "image-volume",
  init: "init",
  initPath: "init-path",
  interactive: "interactive",
  ip: "ip",
  ipc: "ipc",
  label: "label",
  labelFile: "label-file",
  logDriver: "log-driver",
  logOpt: "log-opt",
  macAddress: "mac-address",
  memory: "memory",
  memoryReservation: "memory-reservation",
  memorySwap: "memory-swap",
  memorySwappiness: "memory-swappiness",
  name: "name",
  network: "network",
  noHosts: "no-hosts",
  oomKillDisable: "oom-kill-disable",
  oomScoreAdj: "oom-score-adj",
  overrideArch: "arch",
  overrideOS: "os",
  pid: "pid",
  pidsLimit: "pids-limit",
  pod: "pod",
  privileged: "privileged",
  publish: "publish",
  publishAll: "publish-all",
  pull: "pull",
  readonly: "read-only",
  readonlytmpfs: "read-only-tmpfs",
  restart: "restart",
  rm: "rm",
  rootfs: "rootfs",
  securityOpt: "security-opt",
  shmSize: "shm-size",
  stopSignal: "stop-signal",
  stopTimeout: "stop-timeout",
  storageOpt: "storage-opt",
  subuidname: "subuidname",
  subgidname: "subgidname",
  sysctl: "sysctl",
  systemd: "systemd",
  tmpfs: "tmpfs",
  tty: "tty",
  uidmap: "uidmap",
  ulimit: "ulimit",
  user: "user",
  userns: "userns",
  uts: "uts",
  mount: "mount",
  volume: "volume",
  volumesFrom: "volumes-from",
  workDir: "workdir",
};

/** `podman create` with what a client wants; args begin with the image. */
export function createArguments(create: Fields): string[] {
  const words = Object.entries(options).flatMap(([member, option]) =>
    optionWords(member, option, create),
  );
  return ["create", ...words, "--", ...create.texts("args"), ...extraCommand(create)];
}

/** A command that stands apart from the image. */
function extraCommand(create: Fields): string[] {
  return create.texts("args").length === 1 ? create.texts("command") : [];
}

function optionWords(member: string, option: string, create: Fields): string[] {
  const value = create.raw(member);
  if (value === null || value === "") {
    return [];
  }
  if (Array.isArray(value)) {
    return create
      .texts(member)
      .filter((one) => one !== "")
      .map((one) => `--${option}=${one}`);
  }
  if (typeof value === "object") {
    return [];
  }
  // Of switches only that of read-only's tmpfs is on by default.
  return value === false && member !== "readonlytmpfs" ? [] : [`--${option}=${value}`];
}
