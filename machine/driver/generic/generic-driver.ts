import { copyFile } from "node:fs/promises";
import { connect } from "node:net";
import { MachineError } from "../../error/machine-error.ts";
import { lastLine } from "../../program/run.ts";
import { waitForBanner } from "../../ssh/banner.ts";
import { captureSsh } from "../../ssh/session.ts";
import { sshTarget } from "../../ssh/target.ts";
import type { Machine } from "../../store/machines.ts";
import { addressUrl } from "../contract/address-url.ts";
import type { Driver } from "../contract/driver.ts";
import { refuseChange } from "../contract/refuse-change.ts";

const readyTimeoutMs = 60_000;
const commandTimeoutMs = 60_000;

/** Machines that exist somewhere, reached by address and key; others switch them on and off. */
export function genericDriver(): Driver<"generic"> {
  const refuse = async (verb: string) => {
    throw new MachineError(
      `generic driver does not support ${verb}: the machine is managed elsewhere, do it where it runs.`,
    );
  };
  return {
    isOurs: false,
    hasLogin: true,
    flags: ["generic-ip-address", "generic-ssh-user", "generic-ssh-key", "generic-ssh-port"],
    forwardsPort: () => false,
    needsHostname: () => false,
    url: addressUrl,
    async observe(machine, timeoutMs) {
      const { IPAddress, SSHPort } = machine.config.Driver;
      const reached = await accepts(IPAddress, SSHPort, timeoutMs);
      return reached ? { state: "Running" } : { state: "Stopped" };
    },
    async prepare(machine, report) {
      const { SSHKeySource } = machine.config.Driver;
      if (typeof SSHKeySource !== "string" || SSHKeySource === "") {
        report.line("No SSH key specified: ssh's own keys and agent are used.");
        return;
      }
      report.line("Importing SSH key...");
      try {
        await copyFile(SSHKeySource, machine.files.importedKey);
      } catch (error) {
        throw new MachineError(
          `The SSH key ${SSHKeySource} can't be read: name a private key with --generic-ssh-key.`,
          {
            cause: error,
          },
        );
      }
    },
    check: async () => undefined,
    launch: (machine) => expectLogin(machine),
    async waitUntilReady(machine, { timeoutMs = readyTimeoutMs }) {
      const { IPAddress, SSHPort } = machine.config.Driver;
      const spoke = await waitForBanner(SSHPort, AbortSignal.timeout(timeoutMs), IPAddress);
      if (!spoke) {
        throw new MachineError(
          `${IPAddress}:${SSHPort}, where "${machine.name}" should be, didn't answer within ${Math.round(timeoutMs / 1000)} s.`,
        );
      }
    },
    stop: () => refuse("stop"),
    kill: () => refuse("kill"),
    async restart(machine) {
      await captureSsh(sshTarget(machine), ["sudo reboot || reboot"], commandTimeoutMs);
    },
    settingsFor: (machine) => refuseChange(machine),
    remove: async () => undefined,
    sshTarget,
  };
}

async function expectLogin(machine: Machine<"generic">): Promise<void> {
  const target = sshTarget(machine);
  const result = await captureSsh(target, ["true"], commandTimeoutMs);
  if (result.exitCode !== 0) {
    throw new MachineError(
      `${target.user}@${target.host}:${target.port} can't be logged in to: ${lastLine(result.stderr) || "no answer"}. Check the address, the user and the key.`,
    );
  }
}

function accepts(host: string, port: number, timeoutMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(timeoutMs, () => end(false));
    socket.once("connect", () => end(true));
    socket.once("error", () => end(false));
  });
}
