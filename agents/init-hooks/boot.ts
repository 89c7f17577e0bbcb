import type { Kernel } from "../kernel/kernel.ts";
import { openRecorder } from "../record/recorder.ts";
import { openModuleLoader } from "./devices/module-loader.ts";
import { openDhcpClients } from "./network/dhcp-clients.ts";
import { enterNewRoot, type NewRootRequest } from "./new-root/enter-new-root.ts";
import { parseBootOptions } from "./parse-boot-options.ts";
import { runStages } from "./run-stages.ts";
import { holdGates, layGates } from "./services/gates.ts";
import { bootStages } from "./stages.ts";
import { startHotplug } from "./watch/hotplug.ts";
import { openPodmanSocket, servePodman } from "./watch/podman-socket.ts";

export interface BootRequest {
  /** Given when the boot starts in the initial RAM disk: it then prepares the root and goes there by itself. */
  initramfs?: NewRootRequest;
  /** See DeviceParts. */
  headStart?: string;
}

/**
 * Boots: prepares the root when asked to, runs all stages, and then goes on as the resident agent (see
 * watch.ts). One process, since each start of the program costs a good part of a second on a slow machine.
 *
 * Never returns. Throws when the root can't be prepared; afterwards nothing that fails stops it.
 */
export async function boot(kernel: Kernel, request: BootRequest): Promise<never> {
  const { options, complaints } = parseBootOptions(kernel.readText("/proc/cmdline"));
  const { initramfs } = request;
  const entered = initramfs === undefined ? undefined : enterNewRoot(kernel, options, initramfs);
  layGates(kernel, "");
  const gates = holdGates(kernel);
  entered?.tellReady();
  const recorder = openRecorder(kernel);
  if (entered !== undefined) recorder.write(entered.record);
  for (const complaint of complaints) recorder.complain(complaint);

  const hotplug = {
    loader: openModuleLoader(kernel, options.blacklist),
    clients: openDhcpClients(kernel),
    seen: new Set<string>(),
  };
  const stages = bootStages({
    options,
    ...hotplug,
    headStart: request.headStart,
    gates,
    recorder,
    watchDevices: () => startHotplug(kernel, options, hotplug),
    servePodman: () => void servePodman(kernel, openPodmanSocket(kernel)),
  });
  const run = runStages({ stages, kernel, options, onRecord: recorder.write });
  await run.finished;
  kernel.releaseMemory();
  return await new Promise<never>(() => undefined);
}
