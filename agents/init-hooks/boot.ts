import { oneLine } from "../command/one-line.ts";
import { hasOwnServices } from "../extensions/stage.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { usualOpenFiles } from "../kernel/machine.ts";
import { openModuleLoader } from "../modules/module-loader.ts";
import type { Ignited } from "../provision/ignition/program.ts";
import { beginBootLog } from "../record/boot-log-head.ts";
import { openRecorder } from "../record/stages/recorder.ts";
import { defaultBootOptions } from "../settings/boot-options.ts";
import { openSettings, type Settings } from "../settings/settings.ts";
import { runStages } from "../stage/run-stages.ts";
import type { Way } from "./ignition/from-url.ts";
import { whereIgnition } from "./ignition/where.ts";
import { openDhcpClients } from "./network/dhcp-clients.ts";
import { enterNewRoot, type NewRootRequest } from "./new-root/enter-new-root.ts";
import { holdGates, layGates } from "./services/gates.ts";
import { bootStages } from "./stages.ts";
import { tryToRaiseClock } from "./time/earliest-time.ts";
import { startHotplug } from "./watch/hotplug.ts";
import { serveBothPodmans } from "./watch/user-podman-socket.ts";

/** How this process was started: in the initial RAM disk, or when the root is there already. */
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
  kernel.limitOpenFiles(usualOpenFiles);
  const commandLine = kernel.readText("/proc/cmdline");
  const { settings, warnings } = openSettings(commandLine);
  const { options } = settings;
  const { initramfs } = request;
  const entered = initramfs === undefined ? undefined : enterNewRoot(kernel, options, initramfs);
  layGates(kernel, "");
  const gates = holdGates(kernel);
  entered?.tellReady();
  beginBootLog(kernel, commandLine);
  const recorder = openRecorder(kernel);
  if (entered !== undefined) {
    recorder.write(entered.record);
  }
  // Before anything is written: a disk's last mount is no more in the future then.
  const raised = tryToRaiseClock(kernel);
  for (const warning of [...warnings, ...(raised === undefined ? [] : [raised])]) {
    recorder.warn(warning);
  }
  for (const warning of await settings.readFile(kernel, "image")) {
    recorder.warn(warning);
  }
  const hotplug = {
    loader: openModuleLoader(kernel, options.blacklist),
    clients: openDhcpClients(kernel),
    seen: new Set<string>(),
  };
  const ignited = await ignitedBy(kernel, settings, recorder.warn, {
    loader: hotplug.loader,
    headStart: request.headStart,
  });
  if (options.user !== defaultBootOptions.user) {
    await renamed(kernel, options.user, recorder.warn);
  }
  ignited?.makeAccounts();

  const stages = bootStages({
    settings,
    ...hotplug,
    ignition: ignited && (await import("./ignition/stage.ts")).ignitionStage(ignited),
    headStart: request.headStart,
    gates,
    recorder,
    hasOwnServices: hasOwnServices(kernel),
    watchDevices: () => startHotplug(kernel, options, hotplug),
    servePodman: () => {
      void serveBothPodmans(kernel, options.user);
      void import("../containers/watch-containers.ts").then(({ watchContainers }) =>
        watchContainers(kernel, options.user),
      );
    },
  });
  const run = runStages({ stages, kernel, options, onRecord: recorder.write });
  await run.finished;
  const { keepLogs } = await import("../logs/keep-logs.ts");
  keepLogs(kernel);
  kernel.releaseMemory();
  return await new Promise<never>(() => undefined);
}

/** The Ignition config of this machine, when one is to be looked for. Never rejects. */
async function ignitedBy(
  kernel: Kernel,
  settings: Settings,
  warn: (line: string) => void,
  way: Pick<Way, "loader" | "headStart">,
): Promise<Ignited | undefined> {
  const { where, warning } = whereIgnition(settings.options);
  if (warning !== undefined) {
    warn(warning);
  }
  if (where === "nowhere") {
    return undefined;
  }
  const { ignite } = await import("./ignition/ignite.ts");
  if (where === "here") {
    return await ignite(kernel, settings, warn);
  }
  const fetch = async (maxBytes: number) => {
    const { fetchConfig } = await import("./ignition/from-url.ts");
    const { linuxDownloads: downloads } = await import("../kernel/linux/linux-downloads.ts");
    const { nameServers } = settings.options.network;
    return await fetchConfig(kernel, where, maxBytes, { ...way, nameServers, downloads });
  };
  return await ignite(kernel, settings, warn, { fetch });
}

/** A name that can't be given leaves the account as it is: getting in must stay possible. */
async function renamed(kernel: Kernel, name: string, warn: (line: string) => void): Promise<void> {
  const { renameUser } = await import("./user/rename-user.ts");
  try {
    renameUser(kernel, name);
  } catch (error) {
    warn(`user=${name}: ${oneLine(error)}`);
  }
}
