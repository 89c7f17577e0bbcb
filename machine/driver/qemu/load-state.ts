import * as z from "zod";
import { MachineError } from "../../error/machine-error.ts";
import { lastLine } from "../../program/run.ts";
import { waitInFolder } from "../../store/folder-watch.ts";
import type { Machine } from "../../store/machines.ts";
import { readIfThere } from "../../store/read-file.ts";
import { connectQmp, MonitorError } from "./qmp.ts";

const monitorTimeoutMs = 60_000;
const loadTimeoutMs = 60_000;
const recheckMs = 10;
/** The descriptor of the state, behind those of the logs. */
const stateDescriptor = 5;

const statusReply = z.object({ status: z.string() });

/** Lets a QEMU that waits for it (-incoming defer) read a guest's state. Resolves when the guest is held as it was saved. */
export async function loadState({ name, files }: Machine<"qemu">): Promise<void> {
  const monitor = await connectQmp(files.monitor, monitorTimeoutMs);
  try {
    await monitor.execute("migrate-set-capabilities", {
      capabilities: [{ capability: "x-ignore-shared", state: true }],
    });
    await monitor.execute("migrate-incoming", { uri: `fd:${stateDescriptor}` });
    const look = async () => {
      const { status } = statusReply.parse(await monitor.execute("query-status"));
      return status === "inmigrate" ? undefined : status;
    };
    const status = await waitInFolder(files.folder, look, loadTimeoutMs, recheckMs);
    if (status !== "paused") {
      throw new MachineError(
        `QEMU could not go on with "${name}": its state is ${status ?? "still being read"}.`,
      );
    }
  } catch (error) {
    if (!(error instanceof MonitorError)) {
      throw error;
    }
    const said = lastLine((await readIfThere(files.messagesLog)) ?? "");
    throw new MachineError(
      `QEMU could not go on with "${name}": ${said.replace(/^[\w./-]+: /, "") || "it gave no reason"}`,
      { cause: error },
    );
  } finally {
    monitor.close();
  }
}
