import type { TestMachine } from "../harness/test-machine.ts";

/** Runs a command in the guest until it succeeds; events there have no time of their own. */
export function until(machine: TestMachine, command: string, seconds = 300): Promise<string> {
  return machine.root(
    `for _ in $(seq ${seconds * 4}); do ${command} && exit; sleep 0.25; done; echo "never: ${command.replaceAll('"', "")}" >&2; exit 1`,
  );
}
