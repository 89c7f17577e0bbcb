import { runProgram } from "../program/run.ts";
import type { HostSystem, SystemProcess } from "./contract.ts";

const askTimeoutMs = 10_000;

/** macOS has no flock(1), and perl. */
const lockByPerl = `
use Fcntl ":flock";
my ($path, $seconds) = @ARGV;
open(my $file, ">>", $path) or exit 1;
if ($seconds > 0) { $SIG{ALRM} = sub { exit 75 }; alarm($seconds); }
flock($file, $seconds > 0 ? LOCK_EX : LOCK_EX | LOCK_NB) or exit 75;
alarm(0);
$| = 1;
print while <STDIN>;
`;

/** macOS: perl's flock, ps, the Hypervisor framework. */
export const darwin: HostSystem = {
  hardware: "hvf",
  withoutHardware: "this Mac has no Hypervisor framework (sysctl kern.hv_support)",
  lockWords: (path, waitSeconds) => [
    ...["perl", "-e", lockByPerl, path],
    // alarm(3) counts whole seconds.
    String(Math.ceil(waitSeconds)),
  ],
  async readProcess(pid) {
    // Without -ww ps cuts what doesn't fit on a terminal.
    const words = ["-ww", "-p", String(pid), "-o", "stat=", "-o", "lstart=", "-o", "args="];
    return parsePs(await ask("ps", words));
  },
  async allPids() {
    return (await ask("ps", ["-axo", "pid="]))
      .split("\n")
      .map((word) => Number(word.trim()))
      .filter((pid) => Number.isInteger(pid) && pid > 0);
  },
};

/** Reads what ps prints of a process: its state, when it started, and its arguments. */
export function parsePs(text: string): SystemProcess | undefined {
  const match = /^(\S+) +(\S+ +\S+ +\S+ +\S+ +\S+) +(.*)$/.exec(text.trim());
  const [, state = "", startTime, commandLine] = match ?? [];
  if (startTime === undefined || commandLine === undefined || state.startsWith("Z")) {
    return undefined;
  }
  return { startTime, commandLine };
}

/** Whether guests run by the processor's own means. */
export async function hasHypervisor(): Promise<boolean> {
  return (await ask("sysctl", ["-n", "kern.hv_support"])).trim() === "1";
}

/** In the same words whoever asks. */
async function ask(program: string, words: readonly string[]): Promise<string> {
  const environment = { ...process.env, LC_ALL: "C" };
  const { stdout } = await runProgram(program, words, { timeoutMs: askTimeoutMs, environment });
  return stdout;
}
