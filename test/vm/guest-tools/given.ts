import type { GuestAgent } from "../harness/guest-agent.ts";
import type { TestMachine } from "../harness/test-machine.ts";

/** The machine with everything that QEMU can give, shared by groups of tests; filled in before the first of them runs. */
export interface Given {
  machine: TestMachine;
  agent: GuestAgent;
  /** A folder of the host's, with the shared folders and the disk that is plugged in later. */
  scratch: string;
}
