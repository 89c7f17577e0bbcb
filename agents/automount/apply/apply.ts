import { oneLine } from "../../command/one-line.ts";
import type { Flavour } from "../../flavour/flavour.ts";
import type { BlockDevice } from "../../kernel/block-devices.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { KernelError } from "../../kernel/kernel-error.ts";
import type { StageNotes } from "../../stage/stage.ts";
import type { Ext4 } from "../content/content.ts";
import type { SuperblockCopy } from "../content/ext4.ts";
import type { Disk } from "../disk/disk.ts";
import { noteMachine } from "../disk/last-machine.ts";
import { findNode } from "../observe/block-devices.ts";
import { loadExt4, withExt4 } from "../observe/ext4-module.ts";
import { type DiskStep, type Place, stepText } from "../plan/steps.ts";
import { bindFolder } from "./bind.ts";
import { checkFilesystem } from "./check.ts";
import { growFilesystem, growPartition } from "./grow.ts";
import { clearMagic, clearRequest, keepArchive } from "./keep-archive.ts";
import { type Mounted, mountData } from "./mount-data.ts";
import { hasHostKeys, seedHome, seedHomeFromDisk, seedKeysAhead } from "./seed-home.ts";
import {
  awaitPartition,
  fillPartition,
  makeFilesystem,
  openForSetUp,
  writeMagic,
  writeTable,
} from "./set-up.ts";

/** What came of carrying out a plan. */
export interface Applied {
  mounted: Mounted | undefined;
  /** What went wrong without keeping the rest from being done, a line each. */
  warnings: string[];
  /** Ends with what goes on in the background; never rejects. */
  later: Promise<void>;
}

interface State extends Applied {
  kernel: Kernel;
  disks: readonly Disk[];
  flavour: Flavour;
  /** Whole disks that are open, by name. */
  open: Map<string, BlockDevice>;
  damaged: boolean;
  notes: Progress;
  onLongCheck: (hasHostKeys: boolean) => void;
}

/** Told while the steps are carried out. */
type Progress = Pick<StageNotes, "done" | "now">;

/**
 * Carries out the steps and notes each when it is begun and when it is done. A step of the set-up, check or mount that fails ends it with
 * an error; the next boot goes on from there. `onLongCheck` hears of a check of the whole filesystem before it begins,
 * and whether the host keys on it are known meanwhile. A bind or a key that fails is a warning; the rest goes on.
 */
export async function applyPlan(
  kernel: Kernel,
  situation: { disks: readonly Disk[]; flavour: Flavour },
  steps: readonly DiskStep[],
  notes: Progress,
  onLongCheck: (hasHostKeys: boolean) => void = () => undefined,
): Promise<Applied> {
  const state: State = {
    ...situation,
    kernel,
    open: new Map(),
    damaged: false,
    notes,
    onLongCheck,
    mounted: undefined,
    warnings: [],
    later: Promise.resolve(),
  };
  try {
    for (const step of steps) {
      const startedMs = kernel.uptimeMs();
      notes.now = stepText(step);
      const said = await guarded(state, step);
      if (said === undefined) {
        continue;
      }
      const tookMs = Math.round(kernel.uptimeMs() - startedMs);
      const what = said === "" ? stepText(step) : `${stepText(step)}: ${said}`;
      notes.done.push(`${what} (${tookMs} ms)`);
    }
  } finally {
    notes.now = undefined;
    for (const device of state.open.values()) {
      device.close();
    }
  }
  const { mounted, warnings, later } = state;
  return { mounted, warnings, later };
}

/** What was done in words; undefined when the step didn't apply or left a warning. */
async function guarded(state: State, step: DiskStep): Promise<string | undefined> {
  const mayFail =
    step.do === "grow-partition" ||
    step.do === "bind" ||
    step.do === "note-machine" ||
    step.do === "seed-home" ||
    step.do === "seed-home-from-disk";
  if (!mayFail) {
    return carryOut(state, step);
  }
  try {
    return await carryOut(state, step);
  } catch (error) {
    if (!(error instanceof Error)) {
      throw error;
    }
    state.warnings.push(`could not ${stepText(step)}: ${error.message}`);
    return undefined;
  }
}

async function carryOut(state: State, step: DiskStep): Promise<string | undefined> {
  const { kernel, flavour } = state;
  switch (step.do) {
    case "write-magic":
      writeMagic(openDisk(state, step.disk), diskOf(state, step.disk).sectorBytes, step.magic);
      return "";
    case "make-filesystem":
      await makeFilesystem(
        kernel,
        openDisk(state, step.disk),
        diskOf(state, step.disk).sectorBytes,
        step.layout,
        step.label,
      );
      return "";
    case "write-table":
      writeTable(
        openDisk(state, step.disk),
        diskOf(state, step.disk).sectorBytes,
        step.layout,
        step.label,
      );
      return "";
    case "await-partition":
      await awaitPartition(kernel, openDisk(state, step.place.disk), step.place);
      return "";
    case "grow-partition": {
      const { disk } = step.place;
      const { sectorBytes } = diskOf(state, disk);
      const device = openDisk(state, disk, nodeOf(state, step.place));
      await growPartition(kernel, device, sectorBytes, step.place, step.sizeBytes);
      return "";
    }
    case "fill-partition": {
      const node = nodeOf(state, step.place);
      // Held until the end, so that others keep off.
      openDisk(state, step.place.disk, node);
      await fillPartition(kernel, node, step.label);
      return "";
    }
    case "grow-filesystem":
      if (mountedOf(state).readOnly) {
        return undefined;
      }
      state.later = growLater(kernel, mountedOf(state).node);
      return "started";
    case "check": {
      if (filesystemAt(state, step.place)?.needsFullCheck === true) {
        await prepareForLongCheck(state, nodeOf(state, step.place));
      }
      const node = nodeOf(state, step.place);
      const checked = await checkFilesystem(kernel, node, (copy) =>
        prepareForLongCheck(state, node, copy),
      );
      state.damaged = !checked.sound;
      if (!checked.sound) {
        state.warnings.push(damageText(checked.message));
      }
      return checked.message;
    }
    case "mount": {
      const wish = { ...step, damaged: state.damaged };
      const node = nodeOf(state, step.place);
      state.mounted = await withExt4(kernel, () => mountData(kernel, node, wish));
      if (state.mounted.readOnly && !step.readOnly && !state.damaged) {
        state.warnings.push(
          `${state.mounted.node} could only be mounted read-only: ${state.mounted.refusal}`,
        );
      }
      return `on ${state.mounted.folder}${state.mounted.readOnly ? ", read-only" : ""}`;
    }
    case "keep-archive":
      if (mountedOf(state).readOnly) {
        return undefined;
      }
      return keepArchive(kernel, openDisk(state, step.disk), mountedOf(state).folder, flavour);
    case "clear-magic":
      if (mountedOf(state).readOnly) {
        return undefined;
      }
      clearMagic(openDisk(state, step.disk), diskOf(state, step.disk).sectorBytes, flavour.magic);
      return "";
    case "clear-request": {
      if (mountedOf(state).readOnly) {
        return undefined;
      }
      const { disk, partition } = step.place;
      const { sectorBytes, partitions } = diskOf(state, disk);
      const { startBytes = 0 } = partitions.find(({ number }) => number === partition) ?? {};
      clearRequest(openDisk(state, disk), sectorBytes, startBytes, flavour.magic);
      return "";
    }
    case "bind":
      if (mountedOf(state).readOnly) {
        return undefined;
      }
      bindFolder(kernel, mountedOf(state).folder, step, flavour);
      return "";
    case "note-machine":
      if (mountedOf(state).readOnly) {
        return undefined;
      }
      return noteMachine(kernel, mountedOf(state).folder, flavour, step.machine);
    case "seed-home":
      return seedHome(kernel, mountedOf(state), flavour);
    case "seed-home-from-disk":
      return seedHomeFromDisk(kernel, diskOf(state, step.disk).node, flavour);
  }
}

/** A whole check takes minutes to hours; its owner should get in meanwhile, and meet the host that is known. */
async function prepareForLongCheck(
  { kernel, flavour, notes, onLongCheck }: State,
  node: string,
  copy?: SuperblockCopy,
): Promise<void> {
  notes.now = `check the whole data filesystem on ${node}, to mount it afterwards`;
  await loadExt4(kernel);
  const refusal = seedKeysAhead(kernel, node, flavour, copy);
  const hasKeys = hasHostKeys(kernel, flavour);
  const wait = "sshd waits until it is known whether the host keys are on it";
  // Without a journal that is not replayed yet the newest files are missing, and these may be among them.
  const seen = `the keys on it are used meanwhile${hasKeys ? "" : `, but ${wait}`}`;
  const keys =
    refusal === undefined
      ? seen
      : `the keys on it can't be read until then: ${refusal.message}; ${wait}`;
  onLongCheck(hasKeys);
  kernel.tellConsole(
    `automount: the data filesystem on ${node} has errors or was not unmounted, and is checked completely, which can take long; ${keys}; everything else is in RAM until then`,
  );
}

/** A large disk takes its time; meanwhile the filesystem can be used. */
async function growLater(kernel: Kernel, node: string): Promise<void> {
  try {
    await growFilesystem(kernel, node);
    kernel.tellKernelLog(`automount: the filesystem on ${node} was grown to fill its partition`);
  } catch (error) {
    const why = oneLine(error);
    const line = `automount: the filesystem on ${node} could not be grown: ${why}`;
    kernel.tellKernelLog(line);
    kernel.tellConsole(line);
  }
}

function damageText(found: string): string {
  return `the data filesystem has errors that can't be repaired automatically (${found}); it is mounted read-only and everything else is kept in RAM. Save the data, then run e2fsck on it`;
}

/** `changed` is the partition that alone is changed; others of the disk may then be in use. */
function openDisk(state: State, name: string, changed?: string): BlockDevice {
  const known = state.open.get(name);
  if (known !== undefined) {
    return known;
  }
  const { node } = diskOf(state, name);
  // Once its partition is mounted, the disk can't be had exclusively; only the magic is cleared then.
  const device =
    state.mounted === undefined
      ? openForSetUp(state.kernel, node, changed)
      : state.kernel.openBlockDevice(node, "write");
  state.open.set(name, device);
  return device;
}

function diskOf(state: State, name: string): Disk {
  const disk = state.disks.find((one) => one.name === name);
  if (disk === undefined) {
    throw new KernelError("find", name, "ENOENT");
  }
  return disk;
}

function filesystemAt(state: State, { disk, partition }: Place): Ext4 | undefined {
  const whole = diskOf(state, disk);
  const part = whole.partitions.find(({ number }) => number === partition);
  const { content } = partition === 0 ? whole : (part ?? whole);
  return content.is === "ext4" ? content.ext4 : undefined;
}

function nodeOf(state: State, place: Place): string {
  const node = findNode(state.kernel, place.disk, place.partition);
  if (node !== undefined) {
    return node;
  }
  const what = `partition ${place.partition} of ${place.disk}`;
  throw new KernelError("find", what, "ENOENT", { detail: "it has disappeared" });
}

function mountedOf(state: State): Mounted {
  if (state.mounted === undefined) {
    throw new Error("the data disk is not mounted");
  }
  return state.mounted;
}
