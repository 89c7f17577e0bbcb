import { MachineError } from "../../error/machine-error.ts";
import { sshTarget } from "../../ssh/target.ts";
import type { Machine } from "../../store/machines.ts";
import type { Driver } from "../contract/driver.ts";
import { refuseChange } from "../contract/refuse-change.ts";

/** Machines that are a URL and nothing else: they are listed, and never started or stopped. */
export function noneDriver(): Driver<"none"> {
  const refuse = async (machine: Machine, verb: string) => {
    throw new MachineError(
      `"${machine.name}" has no driver, so it can't be ${verb} from here: it is a URL that was given to "create --url".`,
    );
  };
  return {
    isOurs: false,
    hasLogin: false,
    flags: ["url"],
    forwardsPort: () => false,
    needsHostname: () => false,
    url: (machine) => machine.config.Driver.URL,
    observe: async () => ({ state: "Running" }),
    prepare: async () => undefined,
    check: async () => undefined,
    launch: async () => undefined,
    waitUntilReady: async () => undefined,
    stop: (machine) => refuse(machine, "stopped"),
    restart: (machine) => refuse(machine, "restarted"),
    kill: (machine) => refuse(machine, "killed"),
    settingsFor: (machine) => refuseChange(machine),
    remove: async () => undefined,
    sshTarget(machine, user) {
      if (machine.config.Driver.IPAddress === "") {
        throw new MachineError(`"${machine.name}" has no driver, so there is nowhere to log in.`);
      }
      return sshTarget(machine, user);
    },
  };
}
