import type { MachinePlace } from "../../store/machines.ts";
import { connectQmp } from "./qmp.ts";

const monitorTimeoutMs = 10_000;

/** Holds a guest until it is told to go on. Its own clock notices that afterwards, and is put right by the hardware's. */
export async function pause({ files }: MachinePlace): Promise<void> {
  const monitor = await connectQmp(files.monitor, monitorTimeoutMs);
  try {
    await monitor.execute("stop");
  } finally {
    monitor.close();
  }
}
