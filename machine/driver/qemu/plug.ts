import * as z from "zod";
import { MachineError } from "../../error/machine-error.ts";
import type { MachinePlace } from "../../store/machines.ts";
import { plugSlot } from "./arguments.ts";
import { connectQmp, type QmpConnection, RefusedError } from "./qmp.ts";

/** A guest that is busy, or emulated, takes its time to let go of a disk. */
const monitorTimeoutMs = 60_000;

/** The name of the disk, and of what is behind it, in QEMU. There is one at a time. */
const plugged = "plugged";

const deletedEvent = z.object({ device: z.string() });

/** A disk to plug into a machine that runs. */
export interface PluggedDisk {
  /** A file of this host. */
  readonly path: string;
  readonly format: "raw" | "qcow2";
  /** What the guest finds it by (/sys/block/NAME/serial); at most 20 bytes (virtio-blk). */
  readonly serial: string;
  readonly isReadOnly: boolean;
}

/** Plugs a disk into a machine that runs. One that an earlier command left is taken out before. */
export async function plugDisk(machine: MachinePlace, disk: PluggedDisk): Promise<void> {
  await withMonitor(machine, async (monitor) => {
    await takeOut(monitor);
    await monitor.execute("blockdev-add", {
      driver: disk.format,
      "node-name": plugged,
      "read-only": disk.isReadOnly,
      ...(disk.isReadOnly ? {} : { discard: "unmap", "detect-zeroes": "unmap" }),
      // What is made is synced as a whole at its end, or thrown away.
      cache: { "no-flush": true },
      file: {
        driver: "file",
        filename: disk.path,
        "read-only": disk.isReadOnly,
        cache: { "no-flush": true },
        ...(disk.isReadOnly ? {} : { discard: "unmap" }),
      },
    });
    try {
      await addDevice(monitor, machine, disk.serial);
    } catch (error) {
      await monitor.execute("blockdev-del", { "node-name": plugged });
      throw error;
    }
  });
}

/** Takes the disk out again, once the guest has let go of it; nothing when none is plugged in. */
export async function unplugDisk(machine: MachinePlace): Promise<void> {
  await withMonitor(machine, takeOut);
}

async function addDevice(
  monitor: QmpConnection,
  machine: MachinePlace,
  serial: string,
): Promise<void> {
  const device = { driver: "virtio-blk-pci", id: plugged, drive: plugged, serial };
  try {
    await monitor.execute("device_add", { ...device, bus: plugSlot });
  } catch (error) {
    // A machine that boots an ISO is a PC whose own bus takes devices at any time.
    if (!(error instanceof RefusedError) || !/Bus '.*' not found/.test(error.message)) {
      throw error;
    }
    await monitor.execute("device_add", device).catch((cause: unknown) => {
      throw new MachineError(
        `"${machine.name}" has no place to plug a disk into, since it was started by an earlier podman-machine: restart it with "podman-machine restart ${machine.name}".`,
        { cause },
      );
    });
  }
}

async function takeOut(monitor: QmpConnection): Promise<void> {
  const deleted = monitor.event(
    "DEVICE_DELETED",
    (data) => deletedEvent.safeParse(data).data?.device === plugged,
  );
  // Awaited below, unless there is nothing to wait for.
  deleted.catch(() => undefined);
  if (await succeeds(monitor, "device_del", { id: plugged })) {
    await deleted;
  }
  await succeeds(monitor, "blockdev-del", { "node-name": plugged });
}

/** False when there is no such thing. */
async function succeeds(
  monitor: QmpConnection,
  command: string,
  args: Record<string, unknown>,
): Promise<boolean> {
  try {
    await monitor.execute(command, args);
    return true;
  } catch (error) {
    if (error instanceof RefusedError && /not found|Failed to find/.test(error.message)) {
      return false;
    }
    // The guest was asked by an earlier command, and hasn't let go yet.
    if (
      error instanceof RefusedError &&
      /is already in the process of unplug/.test(error.message)
    ) {
      return true;
    }
    throw error;
  }
}

async function withMonitor(
  { files }: MachinePlace,
  work: (monitor: QmpConnection) => Promise<void>,
): Promise<void> {
  const monitor = await connectQmp(files.monitor, monitorTimeoutMs);
  try {
    await work(monitor);
  } finally {
    monitor.close();
  }
}
