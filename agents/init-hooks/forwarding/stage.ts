import type { Kernel } from "../../kernel/kernel.ts";
import { runChecked } from "../../kernel/run-checked.ts";
import type { SystemPath } from "../../kernel/system-path.ts";
import { loadModules } from "../../modules/module-loader.ts";
import type { Stage } from "../../stage/stage.ts";
import { containersRuleset, routerRuleset, rulesetModules, tableName } from "./ruleset.ts";

const nftTimeoutMs = 60_000;
/** Netavark would set them with the first container. */
const switches: readonly SystemPath[] = [
  "/proc/sys/net/ipv4/ip_forward",
  "/proc/sys/net/ipv6/conf/all/forwarding",
];

/**
 * Has the kernel forward packets, between containers and the world: the rules are there first, so that the machine is
 * never a router of its interfaces. With `boot2podman.forward=all` it is one, as asked for.
 */
export const forwardingStage: Stage = {
  name: "forwarding",
  // The first says who may speak to whom on an interface and is changed by this one; the second may ask for more.
  needs: ["sysctls", "settings"],
  // The netfilter modules and nft cost as much as sshd and the network together: whoever wants to come in comes first.
  hopes: { for: ["sshd"], patienceMs: 5_000 },
  deadlineMs: 20_000,
  async run({ kernel, options, notes }) {
    if (options.forward === "all") {
      notes.plan = { ruleset: routerRuleset, switches };
      switchOn(kernel, notes.done);
      await load(kernel, ["nf_tables"], routerRuleset);
      return { result: "ok", message: "everything is forwarded (boot2podman.forward=all)" };
    }
    notes.plan = { ruleset: containersRuleset, switches };
    await load(kernel, rulesetModules, containersRuleset);
    notes.done.push(`load the rules of table ${tableName}`);
    switchOn(kernel, notes.done);
    return { result: "ok", message: "between containers and outside networks only" };
  },
  async onFailure({ options }) {
    if (options.forward === "all") {
      return "everything is forwarded (boot2podman.forward=all), and connections through a smaller MTU may hang";
    }
    return "nothing is forwarded until the first container with its own network starts, then everything, including unpublished ports";
  },
};

async function load(kernel: Kernel, modules: readonly string[], ruleset: string): Promise<void> {
  await loadModules(kernel, modules);
  await runChecked(kernel, ["nft", "-f", "-"], { stdin: ruleset, timeoutMs: nftTimeoutMs });
}

function switchOn(kernel: Kernel, done: string[]): void {
  for (const path of switches.filter((one) => kernel.exists(one))) {
    kernel.writePlain(path, "1");
    done.push(`${path} = 1`);
  }
}
