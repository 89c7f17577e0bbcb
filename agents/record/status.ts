import { detectHypervisor } from "../hypervisor/detect.ts";
import { readMachineFacts } from "../hypervisor/facts/read-machine-facts.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { rootMode } from "../kernel/root-mode.ts";
import { findStateMount } from "../kernel/state-folder.ts";
import { readServiceStates, type ServiceState } from "../services/service-state.ts";
import type { ShownSetting } from "../settings/resolve.ts";
import { type ContainerHealth, readContainerHealth } from "./container-health.ts";
import { shownSettings } from "./shown-settings.ts";
import { readRecords } from "./stages/read-records.ts";
import type { StageRecord } from "./stages/stage-record.ts";

/** What `boot2podman status --json` says; public, so that fields are added and never renamed. */
export interface Status {
  version: string;
  hypervisor: string;
  /** "noembed": a tmpfs; "embed": the kernel's own rootfs. */
  root: "noembed" | "embed";
  /** Where what lasts is kept; null when there is no data disk. */
  dataDisk: { partition: string; filesystem: string; mount: string } | null;
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

/** How the machine was booted and what it is. */
export function readStatus(kernel: Kernel, version: string): Status {
  const { records, warnings } = readRecords(kernel);
  const mounts = kernel.mounts();
  const lasting = findStateMount(mounts);
  const whole = mounts.find((mount) => mount.device === lasting?.device && mount.root === "/");
  return {
    version,
    hypervisor: detectHypervisor(readMachineFacts(kernel)).hypervisor,
    root: rootMode(mounts),
    dataDisk:
      lasting === undefined
        ? null
        : {
            partition: lasting.source,
            filesystem: lasting.type,
            mount: whole?.target ?? lasting.target,
          },
    isFallback: kernel.exists("/run/boot2podman/fallback"),
    settings: shownSettings(records),
    services: readServiceStates(kernel),
    health: readContainerHealth(kernel),
    stages: records,
    warnings,
  };
}
