/**
 * What the boot does for the network, started in the laboratory: the stages "hostname" and "network", and the resident agent's
 * part for interfaces that come later. Words: the kernel's command line.
 */
import { containersRuleset } from "../../../../agents/init-hooks/forwarding/ruleset.ts";
import { hostnameStage } from "../../../../agents/init-hooks/hostname/stage.ts";
import { openDhcpClients } from "../../../../agents/init-hooks/network/dhcp-clients.ts";
import { networkStage } from "../../../../agents/init-hooks/network/stage.ts";
import { startHotplug } from "../../../../agents/init-hooks/watch/hotplug.ts";
import type { Kernel } from "../../../../agents/kernel/kernel.ts";
import { linuxKernel } from "../../../../agents/kernel/linux/linux-kernel.ts";
import { runChecked } from "../../../../agents/kernel/run-checked.ts";
import { openRecorder } from "../../../../agents/record/stages/recorder.ts";
import { openSettings } from "../../../../agents/settings/settings.ts";
import { runStages } from "../../../../agents/stage/run-stages.ts";

/** The far end of a cable is in another namespace: to the agents these are cards. */
const cards = /^\/sys\/class\/net\/((?:eth|lan)\d+)\/device$/;

const kernel: Kernel = {
  ...linuxKernel,
  realpath(path) {
    const [, name] = cards.exec(path) ?? [];
    return name !== undefined && linuxKernel.exists(`/sys/class/net/${name}`)
      ? `/sys/devices/laboratory/${name}`
      : linuxKernel.realpath(path);
  },
  tellConsole: (line) => console.error(line),
  tellKernelLog: (line) => console.error(line),
};

// The machine ends with the test, however that ends.
process.stdin.on("end", () => process.exit(0)).resume();
const { settings, warnings } = openSettings(process.argv.slice(2).join(" "));
for (const warning of warnings) {
  console.error(warning);
}
const { options } = settings;
const clients = openDhcpClients(kernel);
const recorder = openRecorder(kernel);
const without = { needs: [], settled: [], hopes: { for: [], patienceMs: 0 } };
const run = runStages({
  stages: [
    { ...hostnameStage(options.hostname !== undefined), ...without },
    { ...networkStage(clients), needs: ["hostname"] },
  ],
  kernel,
  options,
  onRecord: recorder.write,
});
// As the stage "forwarding" does, without its modules.
await runChecked(kernel, ["nft", "-f", "-"], { stdin: containersRuleset });
for (const path of ["ipv4/ip_forward", "ipv6/conf/all/forwarding"] as const) {
  kernel.writePlain(`/proc/sys/net/${path}`, "1");
}
startHotplug(kernel, options, {
  // A host's modules are none of ours.
  loader: { loadFor: async () => [], forgetIndex: () => undefined },
  clients,
  seen: new Set(),
});
await run.finished;
await new Promise<never>(() => undefined);
