import { checkDisk, makeDataDisk } from "../../disk/data-disk.ts";
import { findProgram } from "../../program/find.ts";
import { makeKey } from "../../ssh/key.ts";
import { sshTarget } from "../../ssh/target.ts";
import type { Machine } from "../../store/machines.ts";
import type { Driver } from "../contract/driver.ts";
import { imageOf } from "./image-choice.ts";
import { launch, programOf } from "./launch.ts";
import { shutDown, switchOff } from "./power.ts";
import { readRecord } from "./process.ts";
import { waitUntilReady } from "./ready.ts";
import { decideState, lookAtQemu } from "./state.ts";

/** How long a boot may take: software emulation is several times slower, and a CD slower still. */
const READY_TIMEOUT_MS = { kvm: 60_000, tcg: 180_000 } as const;
const ISO_TIMEOUT_FACTOR = 2;

/** Machines run by the QEMU of this host. */
export function qemuDriver(store: string): Driver<"qemu"> {
  return {
    async observe(machine, timeoutMs) {
      return decideState(machine.name, await lookAtQemu(machine.files, timeoutMs));
    },
    async prepare(machine, report) {
      report.line("Creating SSH key...");
      const publicKey = await makeKey(machine.files.key);
      report.line("Creating disk image...");
      await makeDataDisk({
        path: machine.files.disk,
        folder: machine.files.folder,
        publicKey,
        sizeMib: machine.config.Driver.DiskSize,
      });
    },
    async check(machine) {
      await findProgram(programOf(machine, await imageOf(store, machine)));
    },
    async launch(machine, report) {
      await checkDisk(machine.files.disk, machine.name);
      await launch(store, machine, report);
    },
    async waitUntilReady(machine, { timeoutMs, report }) {
      await waitUntilReady(machine, {
        timeoutMs: timeoutMs ?? (await readyTimeoutMs(machine)),
        report,
      });
    },
    stop: shutDown,
    kill: switchOff,
    // All of it lies in the machine's folder.
    remove: async () => undefined,
    sshTarget,
  };
}

async function readyTimeoutMs(machine: Machine<"qemu">): Promise<number> {
  const accelerator = (await readRecord(machine.files))?.accelerator ?? "tcg";
  const factor = machine.config.Driver.Boot === "iso" ? ISO_TIMEOUT_FACTOR : 1;
  return READY_TIMEOUT_MS[accelerator] * factor;
}
