import { checkDisk, growDataDisk, makeDataDisk } from "../../disk/data-disk.ts";
import { MachineError } from "../../error/machine-error.ts";
import { findProgram } from "../../program/find.ts";
import { makeKey } from "../../ssh/key.ts";
import { sshTarget } from "../../ssh/target.ts";
import { isUserNetwork } from "../../store/driver-config.ts";
import type { Machine, MachinePlace } from "../../store/machines.ts";
import { addressUrl } from "../contract/address-url.ts";
import type { Driver, Observed } from "../contract/driver.ts";
import { chooseImage, imageOf } from "./image-choice.ts";
import { launch, programOf } from "./launch.ts";
import { shutDown, switchOff } from "./power.ts";
import { readRecord } from "./process.ts";
import { waitUntilReady } from "./ready.ts";
import { decideState, lookAtQemu } from "./state.ts";

/** How long a boot may take: software emulation is several times slower, and a CD slower still. */
const readyDeadlineMs = { kvm: 60_000, tcg: 180_000 } as const;
const isoTimeoutFactor = 2;

const ownFlags = [
  ...["memory", "cpus", "disk-size", "image", "boot2podman-url", "iso", "accelerator"],
  ...["volume", "publish", "ssh-port", "localports", "ssh-user", "program", "append"],
  ...["qemu-display", "qemu-display-type", "qemu-nographic", "qemu-cache-mode", "qemu-io-mode"],
  ...["qemu-network", "qemu-network-interface", "qemu-network-address", "qemu-network-bridge"],
  ...["boot2podman-sha256"],
  ...["qemu-virtio-drives", "qemu-net-vlan", "qemu-hvf"],
];

/** Machines run by the QEMU of this host. */
export function qemuDriver(store: string): Driver<"qemu"> {
  return {
    isOurs: true,
    hasLogin: true,
    flags: ownFlags,
    forwardsPort: ({ Network = "user" }) => isUserNetwork(Network),
    // The kernel command line has it; the ISO's own has not.
    needsHostname: (machine) => machine.config.Driver.Boot !== "kernel",
    url: addressUrl,
    observe,
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
    settingsFor(machine, wanted) {
      const needsCommandLine =
        (wanted.Shares ?? []).length > 0 || (wanted.KernelArguments ?? "") !== "";
      if (machine.config.Driver.Boot !== "kernel" && needsCommandLine) {
        throw new MachineError(
          `"${machine.name}" boots from the ISO, which has its own kernel command line, without shares and further options: nothing was changed.`,
        );
      }
      return wanted;
    },
    growDisk: (machine, sizeMib) => growDataDisk(machine.files.disk, sizeMib),
    chooseImage: (machine, wanted) => chooseImage(store, machine, wanted),
    byFolder: { observe, kill: switchOff },
    // All of it lies in the machine's folder.
    remove: async () => undefined,
    sshTarget,
  };
}

async function observe(place: MachinePlace, timeoutMs: number): Promise<Observed> {
  return decideState(place.name, await lookAtQemu(place.files, timeoutMs));
}

async function readyTimeoutMs(machine: Machine<"qemu">): Promise<number> {
  const accelerator = (await readRecord(machine.files))?.accelerator ?? "tcg";
  const factor = machine.config.Driver.Boot === "iso" ? isoTimeoutFactor : 1;
  return readyDeadlineMs[accelerator] * factor;
}
