import type { MachinePlace } from "../../store/machines.ts";
import type { MachineState } from "../contract/driver.ts";

/** What failed when QEMU holds a guest for its disk: query-block's io-status (qapi/block-core.json). */
export type DiskTrouble = "nospace" | "failed";

/** The monitor's commands by which a guest that is held goes on. */
export type ResumeCommand = "cont" | "system_wakeup";

/** What a state of QEMU's comes to. */
export interface RunState {
  /** In the words of `ls`. */
  readonly state: MachineState;
  /** How the guest goes on from it; undefined where it goes on by itself, or never. */
  readonly resume?: ResumeCommand;
  /** What to tell of it, and what to do; undefined where the word says all. */
  readonly explain?: (place: MachinePlace, trouble: DiskTrouble | undefined) => string;
}

const goOn = ({ name }: MachinePlace) =>
  `"podman-machine start ${name}" goes on where it was, "podman-machine stop ${name}" shuts it down`;
const switchOff = ({ name }: MachinePlace) => `switch it off with "podman-machine kill ${name}"`;

/** QEMU's RunState (qapi/run-state.json), all of it. */
const runStates: Readonly<Record<string, RunState>> = {
  running: { state: "Running" },
  paused: {
    state: "Paused",
    resume: "cont",
    explain: (place) => `the guest is held by a command of QEMU's monitor: ${goOn(place)}`,
  },
  debug: {
    state: "Paused",
    resume: "cont",
    explain: (place) => `the guest is held by a debugger: ${goOn(place)}`,
  },
  suspended: {
    state: "Paused",
    resume: "system_wakeup",
    explain: (place) => `the guest has put itself to sleep: ${goOn(place)}`,
  },
  "save-vm": { state: "Paused", explain: () => "the guest is being saved, which ends by itself" },
  "finish-migrate": {
    state: "Paused",
    explain: () => "the guest is being saved, which ends by itself",
  },
  postmigrate: {
    state: "Paused",
    explain: (place) =>
      `the guest was saved, or goes on in another QEMU, and two would damage its disk: ${switchOff(place)}`,
  },
  colo: {
    state: "Paused",
    explain: (place) => `the guest is the copy of one in another QEMU: ${switchOff(place)}`,
  },
  prelaunch: { state: "Starting", resume: "cont" },
  inmigrate: { state: "Starting" },
  "restore-vm": { state: "Starting" },
  shutdown: { state: "Stopping" },
  "io-error": { state: "Error", resume: "cont", explain: explainDisk },
  watchdog: {
    state: "Error",
    resume: "cont",
    explain: (place) =>
      `the guest is held, since it hung and its watchdog fired: ${goOn(place)}, "podman-machine kill ${place.name}" switches it off`,
  },
  "guest-panicked": {
    state: "Error",
    explain: (place) =>
      `the guest's kernel has panicked, ${place.files.consoleLog} says why: ${switchOff(place)}`,
  },
  "internal-error": {
    state: "Error",
    explain: (place) =>
      `QEMU can't go on with the guest (internal-error), ${place.files.messagesLog} says why: ${switchOff(place)}`,
  },
};

/** The meaning of a word of QEMU's; one that a later QEMU may say is an error. */
export function runStateOf(status: string): RunState {
  return (
    (Object.hasOwn(runStates, status) ? runStates[status] : undefined) ?? {
      state: "Error",
      explain: (place) => `QEMU stopped the guest (${status}): ${switchOff(place)}`,
    }
  );
}

/** The states that there are, for whoever goes through all of them. */
export const runStateNames: readonly string[] = Object.keys(runStates);

/** Nothing is lost while it is held: what it wants to write is written once that is possible. */
function explainDisk(place: MachinePlace, trouble: DiskTrouble | undefined): string {
  const { folder, disk } = place.files;
  const goesOn = `"podman-machine start ${place.name}" goes on where it was`;
  return trouble === "nospace"
    ? `the guest is held and loses nothing: there is no room in ${folder} for what it writes. Make room there, then ${goesOn}`
    : `the guest is held and loses nothing: ${disk} can't be read or written (io-error). When the host's disk works again, ${goesOn}`;
}
