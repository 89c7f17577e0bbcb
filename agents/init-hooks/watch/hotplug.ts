import { oneLine } from "../../command/one-line.ts";
import type { Subscription } from "../../kernel/events.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import type { ModuleLoader } from "../../modules/module-loader.ts";
import type { BootOptions } from "../../settings/boot-options.ts";
import { coldplug } from "../devices/stage.ts";
import type { DhcpClients } from "../network/dhcp-clients.ts";
import { forgetInterface, serveInterfaces } from "../network/serve-interfaces.ts";
import { sayLateNoCloud } from "./late-nocloud.ts";

/** What the boot hands on to whoever serves devices that come later. */
export interface HotplugState {
  loader: ModuleLoader;
  clients: DhcpClients;
  /** Devices that have been looked at. */
  seen: Set<string>;
}

/**
 * Serves devices that come later: loads their modules, starts DHCP on network interfaces, and mounts shared folders.
 * Also looks once at all that is there, for what came while nobody listened.
 */
export function startHotplug(
  kernel: Kernel,
  options: BootOptions,
  state: HotplugState,
): Subscription {
  const warn = (error: unknown) => kernel.tellKernelLog(`hotplug: ${oneLine(error)}`);
  const serveNewInterfaces = () => serveInterfaces(kernel, options, state.clients).catch(warn);
  const waiting = new Set<string>();
  let isWorking = false;
  let isLost = true;
  const work = async () => {
    if (isWorking) {
      return;
    }
    isWorking = true;
    try {
      while (isLost || waiting.size > 0) {
        const modaliases = [...waiting];
        waiting.clear();
        if (isLost) {
          isLost = false;
          await coldplug(kernel, state.loader, state.seen);
        }
        await state.loader.loadFor(modaliases);
        await serveNewInterfaces();
        if (modaliases.some(offersShares)) {
          const { mountLateShares } = await import("../../guest-tools/shares/late-shares.ts");
          await mountLateShares(kernel, options);
        }
      }
    } catch (error) {
      warn(error);
    } finally {
      state.loader.forgetIndex();
      isWorking = false;
    }
  };
  const subscription = kernel.uevents({
    onEvent(event) {
      void sayLateNoCloud(kernel, event).catch(warn);
      const interfaceName = event.values.SUBSYSTEM === "net" ? event.values.INTERFACE : undefined;
      if (interfaceName !== undefined && event.action === "remove") {
        forgetInterface(kernel, state.clients, interfaceName);
      }
      if (interfaceName !== undefined && event.action === "move") {
        // It has another name now, and was served under the one before.
        const before = (event.values.DEVPATH_OLD ?? "").split("/").at(-1) ?? "";
        if (before !== "" && before !== interfaceName) {
          forgetInterface(kernel, state.clients, before);
        }
        void serveNewInterfaces();
      }
      if (event.action !== "add") {
        return;
      }
      if (interfaceName !== undefined) {
        void serveNewInterfaces();
      }
      if (event.values.MODALIAS === undefined) {
        return;
      }
      waiting.add(event.values.MODALIAS);
      void work();
    },
    onLost() {
      isLost = true;
      state.seen.clear();
      void work();
    },
  });
  void work();
  return subscription;
}

/** 9p (9) and virtiofs (26) among the devices of virtio (virtio 1.3, 5). */
function offersShares(modalias: string): boolean {
  return /^virtio:d000000(09|1A)v/.test(modalias);
}
