import { access, constants } from "node:fs/promises";
import { systemErrorCode } from "../../system-error.ts";
import type { Driver, Observed } from "../driver/contract/driver.ts";
import { driverOf } from "../driver/drivers.ts";
import { MachineError } from "../error/machine-error.ts";
import { changeDriver } from "../store/change.ts";
import { keyPath } from "../store/config.ts";
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
  /** True when it was held, and goes on. */
  readonly resumed?: boolean;
}

/**
 * Starts a machine unless it runs, or lets it go on when it is held; resolves when it runs.
 *
 * @param image a folder or archive that the machine boots from now on, instead of the one in its config.
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
    if (observed.canGoOn && driver.resume !== undefined) {
      await driver.resume(machine);
      return { machine, launched: false, resumed: true };
    }
    refuseUnlessStopped(name, observed);
    const current = await withImage(host, driver, machine, image);
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
  await tellMissingKey(host, machine);
}

/** ssh would only say that it is refused. */
async function tellMissingKey({ report }: Host, { name, files, config }: Machine): Promise<void> {
  const key = keyPath(files.folder, config);
  if (key === undefined) {
    return;
  }
  try {
    await access(key, constants.R_OK);
  } catch (error) {
    const found = systemErrorCode(error) === "ENOENT" ? "is missing" : "can't be read";
    report.warn(
      `The key of "${name}", ${key}, ${found}: nobody can log in with it, podman neither. Restore it from a backup; "podman-machine console ${name}" needs none.`,
    );
  }
}

function refuseUnlessStopped(name: string, observed: Observed): void {
  if (observed.state !== "Stopped") {
    const why = observed.error ?? `stop it first, or end it with "podman-machine kill ${name}"`;
    throw new MachineError(`"${name}" can't be started, its state is ${observed.state}: ${why}.`);
  }
}

/** It is written down once it is known to be whole. */
async function withImage(
  host: Host,
  driver: Driver,
  machine: Machine,
  image: string | undefined,
): Promise<Machine> {
  const { config } = machine;
  if (image === undefined || !("Image" in config.Driver)) {
    return machine;
  }
  if (driver.chooseImage === undefined) {
    const Driver = { ...config.Driver, Image: image };
    await driver.check({ ...machine, config: { ...config, Driver } as Machine["config"] });
    return changeDriver(machine, { Image: image });
  }
  const wanted = { image, rollback: false, usual: image };
  const { settings } = await driver.chooseImage(machine, wanted, host.report);
  return changeDriver(machine, settings);
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
