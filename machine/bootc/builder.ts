import type { NewMachine } from "../driver/contract/new-machine.ts";
import { driverOf } from "../driver/drivers.ts";
import { type PluggedDisk, plugDisk, unplugDisk } from "../driver/qemu/plug.ts";
import { createMachine } from "../life/create.ts";
import { type Host, lockTimeoutMs } from "../life/host.ts";
import { introduce } from "../life/introduce.ts";
import { startMachine, waitUntilReady } from "../life/start.ts";
import { stopMachine } from "../life/stop.ts";
import type { SshTarget } from "../ssh/client.ts";
import { withLock } from "../store/lock.ts";
import { type Machine, machineFolderExists, ofDriver } from "../store/machines.ts";

/** A machine of ours that runs: its podman has the images, and makes disks of them. */
export interface Builder {
  readonly machine: Machine<"qemu">;
  /** Root's login. */
  readonly target: SshTarget;
  /** Does work while a disk is plugged in; one command at a time. */
  withDisk<T>(disk: PluggedDisk, work: () => Promise<T>): Promise<T>;
}

/** A builder that is started when it is first needed, and stopped at the end when it didn't run before. */
export interface LazyBuilder {
  get(): Promise<Builder>;
  /** Stops it when it was started for this. */
  release(): Promise<void>;
}

/**
 * The machine of that name. It is made when there is none.
 *
 * @param wanted what it is made like.
 */
export function lazyBuilder(host: Host, name: string, wanted: NewMachine<"qemu">): LazyBuilder {
  let found: Promise<{ builder: Builder; isOurs: boolean }> | undefined;
  return {
    async get() {
      found ??= bringUp(host, name, wanted);
      return (await found).builder;
    },
    async release() {
      const started = await found?.catch(() => undefined);
      found = undefined;
      if (started?.isOurs === true) {
        await stopMachine(host, name);
      }
    },
  };
}

async function bringUp(
  host: Host,
  name: string,
  wanted: NewMachine<"qemu">,
): Promise<{ builder: Builder; isOurs: boolean }> {
  const { machine, launched, resumed } = (await machineFolderExists(host.store, name))
    ? await startMachine(host, name)
    : { machine: await createMachine(host, name, wanted), launched: true, resumed: false };
  const ours = ofDriver(machine, "qemu");
  const isOurs = launched && resumed !== true;
  await waitUntilReady(host, ours);
  await introduce(host, ours);
  const target = driverOf(host.store, "qemu").sshTarget(ours, "root");
  const builder: Builder = {
    machine: ours,
    target,
    withDisk: (disk, work) =>
      withLock(
        {
          store: host.store,
          // No machine's name starts with a dot.
          name: `.plug-${name}`,
          command: "bootc",
          timeoutMs: lockTimeoutMs,
          onWait: (holder) => host.report.line(`Waiting for ${holder}...`),
        },
        async () => {
          await plugDisk(ours, disk);
          try {
            return await work();
          } finally {
            await unplugDisk(ours);
          }
        },
      ),
  };
  return { builder, isOurs };
}
