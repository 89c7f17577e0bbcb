import { MachineError } from "../../error/machine-error.ts";
import { lastLine, runProgram } from "../../program/run.ts";
import type { MachineState } from "../contract/driver.ts";

const callTimeoutMs = 120_000;

/** Runs VBoxManage; throws its own reason when it fails. Returns what it printed. */
export async function vboxManage(
  args: readonly string[],
  timeoutMs = callTimeoutMs,
): Promise<string> {
  const result = await runProgram("VBoxManage", args, { timeoutMs });
  if (result.exitCode !== 0) {
    const found = result.timedOut
      ? `no answer within ${Math.round(timeoutMs / 1000)} s`
      : reasonOf(result.stderr);
    throw new MachineError(`VBoxManage ${args[0] ?? ""}: ${found}`, {
      cause: new Error(result.stderr),
    });
  }
  return result.stdout;
}

/** VBoxManage's first "error:" line; the later ones repeat it with codes. */
function reasonOf(stderr: string): string {
  const line = stderr.split("\n").find((one) => one.startsWith("VBoxManage: error: "));
  return line?.replace("VBoxManage: error: ", "") ?? (lastLine(stderr) || "it gave no reason");
}

/** VirtualBox's words for states (VBoxManage showvminfo --machinereadable) in those of `ls`. */
const states: Readonly<Record<string, MachineState>> = {
  running: "Running",
  paused: "Paused",
  saved: "Saved",
  poweroff: "Stopped",
  aborted: "Stopped",
  starting: "Starting",
  restoring: "Starting",
  stopping: "Stopping",
  saving: "Stopping",
};

/** The state of a machine of that name; undefined when VirtualBox has none. */
export async function vboxState(
  name: string,
  timeoutMs: number,
): Promise<MachineState | undefined> {
  const args = ["showvminfo", name, "--machinereadable"];
  const result = await runProgram("VBoxManage", args, { timeoutMs });
  if (result.timedOut) {
    return "Timeout";
  }
  if (result.exitCode !== 0) {
    if (/VBOX_E_OBJECT_NOT_FOUND|Could not find a registered machine/.test(result.stderr)) {
      return undefined;
    }
    throw new MachineError(`VBoxManage showvminfo: ${reasonOf(result.stderr)}`);
  }
  return parseVmState(result.stdout);
}

/** Reads the line `VMState="running"`. */
export function parseVmState(text: string): MachineState {
  const word = /^VMState="([^"]*)"$/m.exec(text)?.[1] ?? "";
  return states[word] ?? "Error";
}

/** The names of the ports that VirtualBox forwards to the machine. */
export async function vboxForwards(name: string): Promise<string[]> {
  return parseForwards(await vboxManage(["showvminfo", name, "--machinereadable"]));
}

/** Reads the lines `Forwarding(0)="ssh,tcp,127.0.0.1,42222,,22"`, of which the first word is the name. */
export function parseForwards(text: string): string[] {
  return [...text.matchAll(/^Forwarding\(\d+\)="([^,"]*),/gm)].map((match) => match[1] ?? "");
}
