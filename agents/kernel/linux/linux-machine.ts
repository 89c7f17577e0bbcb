import * as fs from "node:fs";
import { hostname, networkInterfaces } from "node:os";
import type { Machine } from "../machine.ts";
import { attempt } from "./attempt.ts";
import { clockMs } from "./clock.ts";
import { cpuid } from "./cpuid.ts";
import { checked, cString, libc, ptr } from "./libc.ts";
import { resetOomScoreOfChildren } from "./linux-processes.ts";

const { O_NOCTTY, O_NONBLOCK, O_WRONLY } = fs.constants;
const CLOCK_REALTIME = 0;
const CLOCK_BOOTTIME = 7;
const AF_INET = 2;
const SOCK_DGRAM = 2;
const SIOCGIFFLAGS = 0x8913;
const SIOCSIFFLAGS = 0x8914;
const IFF_UP = 1;
const SWAP_FLAG_PREFER = 0x8000;
const SWAP_FLAG_DISCARD = 0x10000;
/** Only -1000 would spare a process altogether: one that runs away must still end. */
const sparedOomScore = -900;
const RLIMIT_NOFILE = 7;
const SYSLOG_ACTION_READ_ALL = 3;
const SYSLOG_ACTION_SIZE_BUFFER = 10;

/** The real thing, by Linux's system calls. */
export const linuxMachine: Machine = {
  uptimeMs: () => clockMs(CLOCK_BOOTTIME),
  cpuTimeMs() {
    const { user, system } = process.cpuUsage();
    return Math.round((user + system) / 1000);
  },
  nowMs: () => clockMs(CLOCK_REALTIME),
  uid: () => process.getuid?.() ?? 0,
  pid: () => process.pid,
  architecture: () => (process.arch === "arm64" ? "aarch64" : "x86_64"),
  cpuid,
  hostname,
  interfaceAddresses: () =>
    Object.entries(networkInterfaces()).flatMap(([name, addresses = []]) =>
      addresses.map(({ address, family }) => ({
        name,
        family: family === "IPv6" ? ("ipv6" as const) : ("ipv4" as const),
        address,
      })),
    ),
  setHostname(name) {
    checked(
      "set the hostname to",
      name,
      libc().sethostname(cString(name), Buffer.byteLength(name)),
    );
  },
  setInterfaceUp(name) {
    const fd = checked("open a socket for", name, libc().socket(AF_INET, SOCK_DGRAM, 0));
    try {
      // struct ifreq: 16 bytes of name, then the flags
      const request = Buffer.alloc(40);
      request.write(name.slice(0, 15));
      checked("get the flags of", name, libc().ioctl(fd, SIOCGIFFLAGS, ptr(request)));
      request.writeInt16LE(request.readInt16LE(16) | IFF_UP, 16);
      checked("switch on", name, libc().ioctl(fd, SIOCSIFFLAGS, ptr(request)));
    } finally {
      fs.closeSync(fd);
    }
  },
  chroot(folder) {
    checked("chroot to", folder, libc().chroot(cString(folder)));
    attempt("chdir to", "/", () => process.chdir("/"));
  },
  swapOn(path, priority) {
    const flags = SWAP_FLAG_PREFER | SWAP_FLAG_DISCARD | priority;
    checked("swap to", path, libc().swapon(cString(path), flags));
  },
  swapOff: (path) => void checked("swap off", path, libc().swapoff(cString(path))),
  protectFromOom() {
    const path = "/proc/self/oom_score_adj";
    attempt("write", path, () => fs.writeFileSync(path, `${sparedOomScore}\n`));
    resetOomScoreOfChildren();
  },
  limitOpenFiles(count) {
    // struct rlimit: soft and hard, 64 bits each on every architecture that we build for.
    const limits = Buffer.alloc(16);
    checked("get the limit of", "open files", libc().getrlimit(RLIMIT_NOFILE, ptr(limits)));
    limits.writeBigUInt64LE(BigInt(count), 0);
    checked("limit", "open files", libc().setrlimit(RLIMIT_NOFILE, ptr(limits)));
  },
  releaseMemory() {
    Bun.gc(true);
    // Marked as deprecated, but the collector alone keeps its heap (8.9 MB after a boot, 6.6 MB with this).
    Bun.shrink();
  },
  readKernelLog() {
    const call = (action: number, buffer: Buffer | null, bytes: number) =>
      checked(
        "read",
        "the kernel's log",
        libc().klogctl(action, buffer === null ? null : ptr(buffer), bytes),
      );
    const buffer = Buffer.alloc(call(SYSLOG_ACTION_SIZE_BUFFER, null, 0));
    return buffer.subarray(0, call(SYSLOG_ACTION_READ_ALL, buffer, buffer.length)).toString();
  },
  tellConsole: (line) => tell("/dev/console", `boot2podman: ${line}\n`),
  tellKernelLog: (line) => tell("/dev/kmsg", `<5>boot2podman: ${line}\n`),
};

function tell(path: string, text: string): void {
  try {
    const fd = fs.openSync(path, O_WRONLY | O_NOCTTY | O_NONBLOCK);
    try {
      fs.writeSync(fd, text);
    } finally {
      fs.closeSync(fd);
    }
  } catch {
    // Without a console nobody is there to be told, and the records keep what was said.
  }
}
