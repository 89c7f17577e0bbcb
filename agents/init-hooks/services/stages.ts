import { findVirtioPort } from "../../kernel/boot-port.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import type { SystemPath } from "../../kernel/system-path.ts";
import type { Recorder } from "../../record/stages/recorder.ts";
import type { Stage } from "../../stage/stage.ts";
import type { GateName, Gates } from "./gates.ts";

const sshFolder = "/etc/ssh";
/** Read by usr/lib/boot2podman/service: who is logged in at the console, or "password". */
const consoleLoginPath = "/run/boot2podman/console-login";
const sshdPidPath = "/run/sshd.pid";

/** The services that wait for stages, each started as soon as what it needs has passed. */
export function serviceStages(gates: Gates, recorder: Recorder): Stage[] {
  return [sshdStage(gates, recorder), consoleStage(gates), gateStage("acpid", ["devices"], gates)];
}

/** Clients take sshd's greeting as "ready", so that keys must be in place before. */
function sshdStage(gates: Gates, recorder: Recorder): Stage {
  return {
    name: "sshd",
    needs: ["sshkeys", "mounts", "cgroups"],
    deadlineMs: 20_000,
    async run({ kernel, notes }) {
      gates.open("sshd");
      notes.done.push("start sshd");
      for (const key of hostKeys(kernel)) {
        recorder.tellHost(`hostkey ${key}`);
      }
      await kernel.waitForPath(sshdPidPath, { quietMs: 15_000 });
      // What the agents cost until people can come in; the bench reads it.
      notes.observed = { agentsCpuMs: kernel.cpuTimeMs() };
      return { result: "ok", message: "listening" };
    },
    async onFailure() {
      gates.open("sshd");
      return "started";
    },
  };
}

/** A person at the console can look on while a slow boot goes on. */
function consoleStage(gates: Gates): Stage {
  const stage = gateStage("console", ["mounts", "cgroups"], gates);
  return {
    ...stage,
    hopes: { for: ["sshd", "settings"], patienceMs: 10_000 },
    async run(context) {
      const { autologin, superuser, user } = context.options;
      const who = autologin ? (superuser ? "root" : user) : "password";
      context.kernel.writePlain(consoleLoginPath, `${who}\n`);
      return await stage.run(context);
    },
  };
}

function gateStage(name: GateName, needs: readonly string[], gates: Gates): Stage {
  const open = async () => {
    gates.open(name);
    return "started";
  };
  return {
    name,
    needs,
    deadlineMs: 5_000,
    run: async () => ({ result: "ok", message: await open() }),
    onFailure: open,
  };
}

/** `podman machine start` waits for this word for ever, and connects then. */
function tellPodman(kernel: Kernel): void {
  const path = findVirtioPort(kernel, "org.fedoraproject.port.0");
  if (path !== undefined) {
    kernel.writePlain(path as SystemPath, "Ready\n");
  }
}

/** "ssh-ed25519 AAAA…" of each host key, without its comment. */
function hostKeys(kernel: Kernel): string[] {
  return kernel
    .listIfPresent(sshFolder)
    .filter((name) => /^ssh_host_\w+_key\.pub$/.test(name))
    .map((name) => kernel.readText(`${sshFolder}/${name}`).trim().split(" ").slice(0, 2).join(" "));
}

/** The host hears that the machine can be used. */
export function readyStage(recorder: Recorder): Stage {
  return {
    name: "ready",
    needs: ["sshd", "podman"],
    // Whoever connects before there is an address waits for a long time, and may want what is shared.
    hopes: { for: ["network", "shares"], patienceMs: 10_000 },
    deadlineMs: 5_000,
    async run({ kernel }) {
      recorder.tellHost("ready");
      tellPodman(kernel);
      return {
        result: "ok",
        message: `${(kernel.uptimeMs() / 1000).toFixed(1)} s after the kernel`,
      };
    },
  };
}
