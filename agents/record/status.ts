import { detectHypervisor } from "../hypervisor/detect.ts";
import { readMachineFacts } from "../hypervisor/facts/read-machine-facts.ts";
import type { Kernel } from "../kernel/kernel.ts";
import type { MountEntry } from "../kernel/mounts.ts";
import { rootMode } from "../kernel/root-mode.ts";
import { findStateMount, usrMovedPath } from "../kernel/state-folder.ts";
import { readServiceStates, type ServiceState } from "../services/service-state.ts";
import type { ShownSetting } from "../settings/resolve.ts";
import { type ContainerHealth, readContainerHealth } from "./container-health.ts";
import { type DataDisk, mountedDataDisk } from "./data-disk.ts";
import { shownSettings } from "./shown-settings.ts";
import { readRecords } from "./stages/read-records.ts";
import type { StageRecord } from "./stages/stage-record.ts";

/** What `boot2podman status --json` says; public, so that fields are added and never renamed. */
export interface Status {
  version: string;
  hypervisor: string;
  /** "noembed": a tmpfs; "embed": the kernel's own rootfs. */
  root: "noembed" | "embed";
  /** What /usr lies on: the name of a read-only disk, or of the data disk's partition; null: it is in RAM. */
  usrDisk: string | null;
  /** Where what lasts is kept; null when there is no data disk. */
  dataDisk: DataDisk | null;
  /** Plain sh has brought the system up, without the agents. */
  isFallback: boolean;
  /** What isn't as it is by default, and who said so. */
  settings: readonly ShownSetting[];
  services: readonly ServiceState[];
  /** Containers that run and have a health check. */
  health: readonly ContainerHealth[];
  stages: StageRecord[];
  warnings: string[];
}

/** A loop device's file is in RAM, where the initrd brought it, unless it was moved. */
function usrDisk(kernel: Kernel, mounts: readonly MountEntry[]): string | null {
  const source = mounts.find(({ target }) => target === "/usr")?.source ?? "";
  const moved = kernel.exists(usrMovedPath) ? findStateMount(mounts)?.source : undefined;
  const device = source.startsWith("/dev/loop") ? moved : source;
  return /^\/dev\/(.+)$/.exec(device ?? "")?.[1] ?? null;
}

/** How the machine was booted and what it is. */
export function readStatus(kernel: Kernel, version: string): Status {
  const { records, warnings } = readRecords(kernel);
  const mounts = kernel.mounts();
  return {
    version,
    hypervisor: detectHypervisor(readMachineFacts(kernel)).hypervisor,
    root: rootMode(mounts),
    usrDisk: usrDisk(kernel, mounts),
    dataDisk: mountedDataDisk(mounts),
    isFallback: kernel.exists("/run/boot2podman/fallback"),
    settings: shownSettings(records),
    services: readServiceStates(kernel),
    health: readContainerHealth(kernel),
    stages: records,
    warnings,
  };
}
