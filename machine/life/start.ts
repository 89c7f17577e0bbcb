import type { Driver, Observed } from "../driver/contract/driver.ts";
import { driverOf } from "../driver/drivers.ts";
import { MachineError } from "../error/machine-error.ts";
import { changeDriver } from "../store/change.ts";
import { withLock } from "../store/lock.ts";
import { loadMachine, type Machine } from "../store/machines.ts";
import { chooseFreePort, isPortFree, parsePortRange } from "../store/port.ts";
import { type Host, machineLock, observeTimeoutMs, portLock } from "./host.ts";
import { settled } from "./settle.ts";

/** What a start found. */
export interface Started {
  readonly machine: Machine;
  /** False when it ran already. */
  readonly launched: boolean;
}

/**
 * Starts a machine unless it runs; resolves when it runs.
 *
 * @param image a folder that the machine boots from now on, instead of the one in its config.
 */
export async function startMachine(host: Host, name: string, image?: string): Promise<Started> {
  // An unknown name is told before anything is locked.
  await loadMachine(host.store, name);
  return withLock(machineLock(host, name, "start"), async () => {
    const machine = await loadMachine(host.store, name);
    const driver = driverOf(host.store, machine.config.DriverName);
    const observed = await settled(machine.files, () => driver.observe(machine, observeTimeoutMs));
    if (observed.state === "Running") {
      return { machine, launched: false };
    }
    refuseUnlessStopped(name, observed);
    const current = await withImage(machine, image);
    await driver.check(current);
    const ready = await withFreePort(host, driver, current);
    await driver.launch(ready, host.report);
    return { machine: await loadMachine(host.store, name), launched: true };
  });
}

/** Waits until a machine that runs can be used. */
export async function waitUntilReady(
  host: Host,
  machine: Machine,
  timeoutMs?: number,
): Promise<void> {
  const driver = driverOf(host.store, machine.config.DriverName);
  await driver.waitUntilReady(machine, { timeoutMs, report: host.report });
}

function refuseUnlessStopped(name: string, observed: Observed): void {
  if (observed.state !== "Stopped") {
    const why = observed.error ?? `stop it first, or end it with "podman-machine kill ${name}"`;
    throw new MachineError(`"${name}" can't be started, its state is ${observed.state}: ${why}.`);
  }
}

async function withImage(machine: Machine, image: string | undefined): Promise<Machine> {
  const { Driver } = machine.config;
  if (image === undefined || !("Image" in Driver) || image === Driver.Image) {
    return machine;
  }
  return changeDriver(machine, { Image: image, ImagePinned: "" });
}

/** A port that nobody chose, and that another program has taken since, is replaced by a free one. */
async function withFreePort(host: Host, driver: Driver, machine: Machine): Promise<Machine> {
  const { Driver } = machine.config;
  const isChosen = "SSHPortFixed" in Driver && Driver.SSHPortFixed;
  if (!driver.forwardsPort(Driver) || isChosen || (await isPortFree(Driver.SSHPort))) {
    return machine;
  }
  return withLock(portLock(host, `start ${machine.name}`), async () => {
    const range = "LocalPorts" in Driver ? Driver.LocalPorts : "";
    const port = await chooseFreePort(host.store, parsePortRange(range));
    host.report.warn(
      `Port ${Driver.SSHPort} is used by another program: "${machine.name}" has port ${port} from now on.`,
    );
    return changeDriver(machine, { SSHPort: port });
  });
}
