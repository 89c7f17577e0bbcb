import { checkDisk, checkQcow2, growDataDisk, makeDataDisk } from "../../disk/data-disk.ts";
import { MachineError } from "../../error/machine-error.ts";
import { findProgram } from "../../program/find.ts";
import { makeKey } from "../../ssh/key.ts";
import { sshTarget } from "../../ssh/target.ts";
import { isUserNetwork } from "../../store/driver-config.ts";
import type { Machine, MachinePlace } from "../../store/machines.ts";
import { addressUrl } from "../contract/address-url.ts";
import type { Driver, Observed, Report, Waking } from "../contract/driver.ts";
import { decideHeld, type Held, readHeld } from "./held.ts";
import { chooseImage, imageOf, programOf, withWayBack } from "./image-choice.ts";
import { launch } from "./launch.ts";
import { pause } from "./pause.ts";
import { mountScript } from "./plug-shares.ts";
import { shutDown, switchOff } from "./power.ts";
import { readRecord } from "./process.ts";
import { waitUntilReady } from "./ready.ts";
import { resume } from "./resume.ts";
import { endSave, saveGuest } from "./save-guest.ts";
import { endShares } from "./share-daemons.ts";
import { decideState, lookAtQemu } from "./state.ts";
import { wakeGuest } from "./wake-guest.ts";

/** How long a boot may take: software emulation is several times slower, and a CD slower still. */
const readyDeadlineMs = { kvm: 60_000, hvf: 60_000, tcg: 180_000 } as const;
const isoTimeoutFactor = 2;

const ownFlags = [
  ...["memory", "cpus", "disk-size", "image", "boot2podman-url", "iso", "accelerator"],
  ...["volume", "publish", "ssh-port", "localports", "ssh-user", "program", "append"],
  ...["qemu-display", "qemu-display-type", "qemu-nographic", "qemu-cache-mode", "qemu-io-mode"],
  ...["qemu-network", "qemu-network-interface", "qemu-network-address", "qemu-network-bridge"],
  ...["boot2podman-sha256"],
  ...["qemu-virtio-drives", "qemu-net-vlan", "qemu-hvf"],
];

const silent: Report = {
  line: () => undefined,
  warn: () => undefined,
  progress: () => undefined,
  stage: () => undefined,
};

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
      const image = await withWayBack(machine, () => imageOf(store, machine));
      await findProgram(programOf(machine, image));
    },
    async launch(machine, report) {
      const held = await readHeld(machine.files);
      if (held?.Kind === "wake") {
        await wakeGuest(store, machine, wakingOf(held), report);
        return;
      }
      await checkDisk(machine.files.disk, machine.name);
      await checkQcow2(machine.files.disk, machine.name, (text) => report.warn(text));
      await launch(store, machine, report);
    },
    async waitUntilReady(machine, { timeoutMs, report }) {
      await waitUntilReady(machine, {
        timeoutMs: timeoutMs ?? (await readyTimeoutMs(machine)),
        report,
      });
    },
    async resume(machine) {
      const held = await readHeld(machine.files);
      if (held?.Kind === "save") {
        await endSave(machine);
      } else if (held?.Kind === "wake") {
        // Nobody was answered yet: all of it is done again.
        await switchOff(machine);
        await wakeGuest(store, machine, wakingOf(held), silent);
      } else {
        await resume(machine);
      }
    },
    pause,
    save: saveGuest,
    mountScript: ({ config }) => mountScript(config.Driver.Shares),
    wake: (machine, waking, report) => wakeGuest(store, machine, waking, report),
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
    chooseImage: (machine, wanted, report) => chooseImage(store, machine, wanted, report),
    byFolder: { observe, kill: switchOff },
    // All else of it lies in the machine's folder.
    remove: ({ files }) => endShares(files),
    sshTarget,
  };
}

async function observe(place: MachinePlace, timeoutMs: number): Promise<Observed> {
  const observed = decideState(place, await lookAtQemu(place.files, timeoutMs));
  const held = await readHeld(place.files);
  return held === undefined ? observed : decideHeld(place, held, observed);
}

function wakingOf({ Template, SameKeys, IsSame, HasAgent }: Held & { Kind: "wake" }): Waking {
  return { template: Template, sameKeys: SameKeys, isSame: IsSame, hasAgent: HasAgent };
}

async function readyTimeoutMs(machine: Machine<"qemu">): Promise<number> {
  const accelerator = (await readRecord(machine.files))?.accelerator ?? "tcg";
  const factor = machine.config.Driver.Boot === "iso" ? isoTimeoutFactor : 1;
  return readyDeadlineMs[accelerator] * factor;
}
