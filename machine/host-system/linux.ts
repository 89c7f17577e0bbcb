import { readdir, readFile } from "node:fs/promises";
import { systemErrorCode } from "../../system-error.ts";
import type { HostSystem, SystemProcess } from "./contract.ts";

/** Linux: util-linux's flock, /proc, KVM. */
export const linux: HostSystem = {
  hardware: "kvm",
  withoutHardware: "there is no /dev/kvm here",
  lockWords: (path, waitSeconds) => [
    ...["flock", "--exclusive", "--conflict-exit-code", "75"],
    ...(waitSeconds === 0 ? ["--nonblock"] : ["--timeout", waitSeconds.toFixed(3)]),
    ...[path, "cat"],
  ],
  async readProcess(pid) {
    try {
      const stat = await readFile(`/proc/${pid}/stat`, "utf8");
      const commandLine = await readFile(`/proc/${pid}/cmdline`, "utf8");
      return parseStat(stat, commandLine);
    } catch (error) {
      const code = systemErrorCode(error);
      if (code === "ENOENT" || code === "ESRCH") {
        return undefined;
      }
      throw error;
    }
  },
  async allPids() {
    return (await readdir("/proc"))
      .map((word) => Number(word))
      .filter((pid) => Number.isInteger(pid) && pid > 0);
  },
};

/** proc_pid_stat(5): the name in parentheses may hold anything, the fields after it don't. */
export function parseStat(stat: string, commandLine: string): SystemProcess | undefined {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const state = fields[0];
  const startTime = fields[19];
  if (startTime === undefined || state === "Z" || state === "X") {
    return undefined;
  }
  return { startTime, commandLine: commandLine.split("\0").join(" ").trim() };
}
