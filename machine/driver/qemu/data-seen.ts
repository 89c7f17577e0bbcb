import { MachineError } from "../../error/machine-error.ts";
import type { Machine } from "../../store/machines.ts";
import { readIfThere } from "../../store/read-file.ts";
import { writeFileAtomic } from "../../store/write-file.ts";
import type { Report } from "../contract/driver.ts";
import type { BootProgress } from "./boot-log.ts";

/** The stage of the guest's boot that mounts the data disk. */
const diskStage = "automount";

/**
 * Says so when a guest that is ready has no data disk, and louder when it had one before: whatever is done in it is
 * lost at its end, and looks as if it weren't. A guest whose disk is still being checked has not said anything of it.
 */
export async function tellOfDataDisk(
  machine: Machine<"qemu">,
  stages: BootProgress["stages"],
  report: Report,
): Promise<void> {
  const { name, files, config } = machine;
  const result = stages.findLast((stage) => stage.name === diskStage)?.result;
  const isUnwanted = /\bautomount=off\b/.test(config.Driver.KernelArguments);
  if (result === undefined || isUnwanted) {
    return;
  }
  const since = (await readIfThere(files.dataSeen))?.trim();
  if (result === "ok") {
    if (since === undefined) {
      await noteData(files.dataSeen);
    }
    return;
  }
  const found =
    result === "failed"
      ? "its data disk could not be used as it should be"
      : "no data disk was found";
  const why = `"podman-machine logs ${name}" says why`;
  report.warn(
    since === undefined
      ? `"${name}": ${found}, so what is done in it may be lost when it stops: ${why}.`
      : `WARNING: "${name}" HAS LOST ITS DATA DISK. It has had one since ${since}, and at this boot ${found}: containers and volumes are missing, and what is done now may be lost when it stops. ${why}. Stop it, and restore ${files.disk} from a backup.`,
  );
}

async function noteData(path: string): Promise<void> {
  try {
    await writeFileAtomic(path, `${new Date().toISOString().slice(0, 10)}\n`, 0o600);
  } catch (error) {
    // A full disk keeps nobody from using the machine: it is noted at the next start.
    if (!(error instanceof MachineError)) {
      throw error;
    }
  }
}
