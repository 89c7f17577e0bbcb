import * as fs from "node:fs";
import { hostname } from "node:os";
import type { Machine } from "../machine.ts";
import { attempt } from "./attempt.ts";
import { checked, cString, libc, ptr } from "./libc.ts";

const { O_NOCTTY, O_NONBLOCK, O_WRONLY } = fs.constants;
const CLOCK_BOOTTIME = 7;
const time = new BigInt64Array(2);

export const linuxMachine: Machine = {
  uptimeMs() {
    libc().clock_gettime(CLOCK_BOOTTIME, ptr(time));
    return Number(time[0]) * 1000 + Number(time[1]) / 1e6;
  },
  nowMs: () => Date.now(),
  uid: () => process.getuid?.() ?? 0,
  pid: () => process.pid,
  architecture: () => (process.arch === "arm64" ? "aarch64" : "x86_64"),
  hostname,
  setHostname(name) {
    checked(
      "set the hostname to",
      name,
      libc().sethostname(cString(name), Buffer.byteLength(name)),
    );
  },
  chroot(folder) {
    checked("chroot to", folder, libc().chroot(cString(folder)));
    attempt("chdir to", "/", () => process.chdir("/"));
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
