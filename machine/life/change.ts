import { join } from "node:path";
import { growDataDisk } from "../disk/data-disk.ts";
import { driverOf } from "../driver/drivers.ts";
import { vboxManage } from "../driver/virtualbox/vboxmanage.ts";
import { Failure } from "../failure/failure.ts";
import { changeDriver, changeHostOptions } from "../store/change.ts";
import type { PublishedPort } from "../store/driver-config.ts";
import { withLock } from "../store/lock.ts";
import { loadMachine, type Machine } from "../store/machines.ts";
import type { FolderShare } from "../store/share.ts";
import { type Host, machineLock, OBSERVE_TIMEOUT_MS } from "./host.ts";
import { settled } from "./settle.ts";

/** What changes of a machine; undefined: it stays. */
export interface Change {
  readonly memoryMib: number | undefined;
  readonly cpus: number | undefined;
  readonly diskSizeMib: number | undefined;
  readonly shares: readonly FolderShare[] | undefined;
  readonly publish: readonly PublishedPort[] | undefined;
  readonly kernelArguments: string | undefined;
  readonly accelerator: string | undefined;
  readonly rootful: boolean | undefined;
  readonly labels: readonly string[] | undefined;
}

/** Changes a stopped machine. Returns a line for everything that is different now. */
export async function changeMachine(host: Host, name: string, change: Change): Promise<string[]> {
  await loadMachine(host.store, name);
  return withLock(machineLock(host, name, "set"), async () => {
    const machine = await loadMachine(host.store, name);
    const { DriverName } = machine.config;
    if (DriverName !== "qemu" && DriverName !== "virtualbox") {
      throw new Failure(`"${name}" is run by others (driver ${DriverName}): change it there.`);
    }
    refuseUnused(machine, change);
    const driver = driverOf(host.store, DriverName);
    const { state } = await settled(machine.files, () =>
      driver.observe(machine, OBSERVE_TIMEOUT_MS),
    );
    if (state !== "Stopped") {
      throw new Failure(
        `"${name}" is not stopped (${state}): stop it first with "podman-machine stop ${name}".`,
      );
    }
    const grown =
      change.diskSizeMib === undefined ? false : await grow(machine, change.diskSizeMib);
    const settings = definedOnly({
      Memory: change.memoryMib,
      CPU: change.cpus,
      DiskSize: grown ? change.diskSizeMib : undefined,
      Shares: change.shares,
      Publish: change.publish,
      KernelArguments: change.kernelArguments,
      Accelerator: change.accelerator,
    });
    const changed = await changeDriver(machine, settings);
    const { EngineOptions } = changed.config.HostOptions;
    await changeHostOptions(changed, {
      ...(change.rootful === undefined ? {} : { Rootful: change.rootful }),
      ...(change.labels === undefined
        ? {}
        : { EngineOptions: { ...EngineOptions, Labels: [...change.labels] } }),
    });
    return [`Machine "${name}" was changed; the next start makes use of it.`];
  });
}

/** What a machine makes no use of isn't stored: who sets it would take it for done. */
function refuseUnused({ name, config }: Machine, change: Change): void {
  if (config.DriverName === "virtualbox") {
    const unused = [
      change.shares && "--volume",
      change.kernelArguments !== undefined && "--append",
      change.accelerator !== undefined && "--accelerator",
    ].filter((flag) => typeof flag === "string");
    if (unused.length > 0) {
      throw new Failure(
        `"${name}" is run by VirtualBox, which makes no use of ${unused.join(" and ")}: nothing was changed.`,
      );
    }
    return;
  }
  const needsCommandLine =
    (change.shares ?? []).length > 0 || (change.kernelArguments ?? "") !== "";
  if (config.Driver.Boot !== "kernel" && needsCommandLine) {
    throw new Failure(
      `"${name}" boots from the ISO, which has a kernel command line of its own, without shares and further words: nothing was changed.`,
    );
  }
}

function definedOnly(settings: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}

/** A disk can only grow: what lies at its end would be cut off. False when it has that size. */
async function grow(machine: Machine, sizeMib: number): Promise<boolean> {
  const { DiskSize: before } = machine.config.Driver;
  if (typeof before === "number" && sizeMib < before) {
    throw new Failure(
      `The disk of "${machine.name}" has ${before} MiB and can only grow: nothing was changed.`,
    );
  }
  if (before === sizeMib) {
    return false;
  }
  if (machine.config.DriverName === "virtualbox") {
    const disk = join(machine.files.folder, "disk.vdi");
    await vboxManage(["modifymedium", "disk", disk, "--resize", String(sizeMib)]);
  } else {
    await growDataDisk(machine.files.disk, sizeMib);
  }
  return true;
}
