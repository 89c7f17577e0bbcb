import { automountStage } from "../automount/stage.ts";
import { kubeStage } from "../containers/kube/stage.ts";
import { autostartStage } from "../containers/restart/stage.ts";
import { storeCheckStage, storesStage } from "../containers/stage.ts";
import { extensionStages } from "../extensions/stage.ts";
import { sharesStage } from "../guest-tools/shares/stage.ts";
import { guestToolsStage } from "../guest-tools/stage.ts";
import type { ModuleLoader } from "../modules/module-loader.ts";
import { quadletStage } from "../quadlet/stage.ts";
import type { Recorder } from "../record/stages/recorder.ts";
import type { Settings } from "../settings/settings.ts";
import { bringKeysLate, sshkeysStage } from "../sshkeys/stage.ts";
import type { Stage } from "../stage/stage.ts";
import { binfmtStage } from "./binfmt/stage.ts";
import { cgroupsStage } from "./cgroups/stage.ts";
import { containersStage } from "./containers/stage.ts";
import { daemonsStage } from "./daemons/stage.ts";
import { devicesStage } from "./devices/stage.ts";
import { dropInsStage } from "./drop-ins/stage.ts";
import { entropyStage } from "./entropy/stage.ts";
import { filetoolStage } from "./filetool/stage.ts";
import { foldersStage, wantsFolders } from "./folders/stage.ts";
import { forwardingStage } from "./forwarding/stage.ts";
import { bootlocalStage, bootsyncStage } from "./hooks/stages.ts";
import { hostnameStage } from "./hostname/stage.ts";
import { memoryStage } from "./memory/stage.ts";
import { mountsStage } from "./mounts/stage.ts";
import type { DhcpClients } from "./network/dhcp-clients.ts";
import { serveLate } from "./network/serve-interfaces.ts";
import { networkStage } from "./network/stage.ts";
import { nfsStage } from "./nfs/stage.ts";
import type { Gates } from "./services/gates.ts";
import { podmanStage } from "./services/podman-stage.ts";
import { readyStage, serviceStages } from "./services/stages.ts";
import { settingsStage } from "./settings/stage.ts";
import { sysctlsStage } from "./sysctls/stage.ts";
import { clockStage } from "./time/clock-stage.ts";
import { timeStage } from "./time/stage.ts";
import { trustStage } from "./trust/stage.ts";
import { triedStage } from "./upgrade/stage.ts";

/** What stages share with one another and with the resident agent after them. */
export interface BootParts {
  settings: Settings;
  loader: ModuleLoader;
  seen: Set<string>;
  headStart: string | undefined;
  /** Of an Ignition config, when there is one. */
  ignition?: Stage | undefined;
  clients: DhcpClients;
  gates: Gates;
  recorder: Recorder;
  /** Whether the image itself has services. */
  hasOwnServices: boolean;
  /** From then on devices that come later are served. */
  watchDevices: () => void;
  /** From then on somebody listens at podman's socket. */
  servePodman: () => void;
}

/** All stages of the boot; their needs, not this order, say when each runs. */
export function bootStages(parts: BootParts): Stage[] {
  const { settings, gates, recorder, ignition } = parts;
  const folders = [
    ...(wantsFolders(settings.options) ? [foldersStage] : []),
    ...(ignition === undefined ? [] : [ignition]),
  ];
  /** What looks into /home, or for what a config lays down, comes after whoever does that. */
  const afterFolders = (stage: Stage): Stage => ({
    ...stage,
    needs: [...stage.needs, ...folders.map(({ name }) => name)],
  });
  return [
    mountsStage,
    cgroupsStage,
    devicesStage(parts),
    sysctlsStage,
    containersStage,
    automountStage(bringKeysLate),
    storesStage,
    settingsStage(settings, recorder.warn, async (kernel, options) =>
      (await serveLate(kernel, options, parts.clients)).map(({ interfaceName }) => interfaceName),
    ),
    clockStage(recorder.warn),
    forwardingStage,
    hostnameStage(settings.options.hostname !== undefined),
    networkStage(parts.clients),
    ...folders,
    afterFolders(sshkeysStage),
    entropyStage,
    guestToolsStage,
    sharesStage,
    ...serviceStages(gates, recorder),
    trustStage,
    dropInsStage,
    filetoolStage,
    bootsyncStage,
    ...extensionStages(recorder.write, parts.hasOwnServices),
    afterFolders(podmanStage(parts.servePodman)),
    ...(settings.options.nfsMounts.length > 0 ? [nfsStage] : []),
    daemonsStage,
    bootlocalStage,
    readyStage(recorder),
    timeStage(() => parts.clients.renewAll()),
    memoryStage,
    binfmtStage,
    ...(settings.options.tryingSlot === undefined ? [] : [triedStage]),
    storeCheckStage(recorder.write),
    autostartStage(recorder.write),
    quadletStage(recorder.write),
    kubeStage(recorder.write),
  ];
}
