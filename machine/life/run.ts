import { createHash, randomBytes } from "node:crypto";
import { utimes } from "node:fs/promises";
import { findImage } from "../boot-image/image.ts";
import type { Report } from "../driver/contract/driver.ts";
import type { NewMachine } from "../driver/contract/new-machine.ts";
import { driverOf } from "../driver/drivers.ts";
import { MachineError } from "../error/machine-error.ts";
import { runAfterThisProcess } from "../program/afterwards.ts";
import { lastLine } from "../program/run.ts";
import type { SshTarget } from "../ssh/client.ts";
import { captureSsh } from "../ssh/session.ts";
import { shellWords } from "../ssh/words.ts";
import type { NetworkKind } from "../store/driver-config.ts";
import { withLock } from "../store/lock.ts";
import { machineFolderExists } from "../store/machines.ts";
import type { FolderShare } from "../store/share.ts";
import { findTemplate } from "../store/templates.ts";
import { createMachine } from "./create.ts";
import { forkMachine, removalWords } from "./fork.ts";
import type { Host } from "./host.ts";
import { removeMachine } from "./remove.ts";
import { removeTemplate, saveMachine } from "./save.ts";
import { waitUntilReady } from "./start.ts";
import { killMachine } from "./stop.ts";
import { type ListedTemplate, listTemplates } from "./templates.ts";

/** A pull may take its time; whoever waits sees its progress. */
const pullTimeoutMs = 3_600_000;
const warmTimeoutMs = 600_000;
const waitTimeoutMs = 3_600_000;
/** How many templates `run` keeps, how much they may take together, and how long each stays without use. */
const cachedMax = 5;
const cachedMaxBytes = 8 * 2 ** 30;
const cachedMaxAgeMs = 30 * 24 * 3_600_000;

/** A container to be run in a machine of its own. */
export interface RunRequest {
  readonly image: string;
  readonly command: readonly string[];
  /** Undefined: one with the image, made when there is none yet. */
  readonly template: string | undefined;
  readonly network: NetworkKind;
  /** Folders of this host that the container sees. */
  readonly volumes: readonly FolderShare[];
  /** What is booted for a template. */
  readonly machine: NewMachine;
  /** Whether a person's terminal is the container's. */
  readonly isTerminal: boolean;
}

/** A machine with its container's words. */
export interface RunPlace {
  readonly target: SshTarget;
  /** For the machine's shell. */
  readonly command: string;
  /** Sends a signal to the container. */
  signal(name: string): Promise<void>;
  /** Switches the machine off. */
  end(): Promise<void>;
}

const containerName = "run";
/** Where the machine mounts what the container sees. */
const volumesFolder = "/run/boot2podman/volumes";

const silent: Report = {
  line: () => undefined,
  warn: () => undefined,
  progress: () => undefined,
  stage: () => undefined,
};

/**
 * Forks a machine for one container, and does work with it; the machine is gone afterwards, whatever ends the work or
 * this process.
 */
export async function withMachineFor<T>(
  host: Host,
  request: RunRequest,
  work: (place: RunPlace) => Promise<T>,
): Promise<T> {
  const template = request.template ?? (await templateFor(host, request));
  const name = `run-${randomBytes(4).toString("hex")}`;
  const afterwards = await runAfterThisProcess(removalWords(host.store, name));
  try {
    const shares = request.volumes.map((volume, index) => ({
      ...volume,
      // No name that the guest's agent mounts by itself: /run is the system's (agents/settings/options/share-path.ts).
      Tag: `${volumesFolder}/${index}`.slice(1),
      GuestFolder: `${volumesFolder}/${index}`,
    }));
    // What it would say was said when the template was made; of folders it has to say it each time.
    const report = { ...silent, ...(shares.length > 0 ? { warn: host.report.warn } : {}) };
    const machine = await forkMachine({ ...host, report }, template, name, {
      sameKeys: false,
      network: request.network,
      shares,
      connection: false,
      hasAgent: false,
    });
    const driver = driverOf(host.store, machine.config.DriverName);
    const target = driver.sshTarget(machine, "root");
    const terminal = request.isTerminal ? ["--tty"] : [];
    const words = [
      // Not --rm: what it would tidy up is gone with the machine.
      ...["podman", "run", "--interactive", ...terminal, "--name", containerName],
      ...networkWords(request.network),
      ...request.volumes.flatMap(({ GuestFolder, ReadOnly }, index) => [
        "--volume",
        `${volumesFolder}/${index}:${GuestFolder}${ReadOnly ? ":ro" : ""}`,
      ]),
      ...[request.image, ...request.command],
    ];
    return await work({
      target,
      command: `${driver.mountScript?.(machine) ?? ""}exec ${shellWords(words)}`,
      signal: async (signal) => {
        await captureSsh(
          target,
          ["podman", "kill", "--signal", signal, containerName],
          warmTimeoutMs,
        );
      },
      end: async () => {
        await killMachine(host, name);
      },
    });
  } finally {
    if (await machineFolderExists(host.store, name)) {
      await removeMachine(host, name, { force: true });
    }
    await afterwards.callOff();
  }
}

/** Where the machine reaches nothing its container needs no bridge, which takes a third of the time that podman takes. */
function networkWords(network: NetworkKind): string[] {
  return network === "restricted" ? ["--network=none"] : [];
}

/** The same for the same image and machine; a later pull is asked for by removing it. */
export function cachedName(
  { image, machine }: Pick<RunRequest, "image" | "machine">,
  bootImageId: string,
): string {
  const what = JSON.stringify([image, machine.settings, bootImageId]);
  const readable = image
    .replace(/^.*\//, "")
    .replaceAll(/[^a-zA-Z0-9]+/g, "-")
    .slice(0, 20);
  return `run-${readable}-${createHash("sha256").update(what).digest("hex").slice(0, 10)}`;
}

async function templateFor(host: Host, request: RunRequest): Promise<string> {
  const { settings } = request.machine;
  const folder = "Image" in settings ? (settings.Image ?? "") : "";
  const name = cachedName(request, (await findImage(folder)).id);
  const lock = {
    store: host.store,
    name: `.run-${name}`,
    command: "run",
    timeoutMs: waitTimeoutMs,
  };
  return withLock(lock, async () => {
    const found = await findTemplate(host.store, name);
    if (found !== undefined) {
      const now = new Date();
      await utimes(found.files.description, now, now);
      return name;
    }
    await makeTemplate(host, request, name);
    await prune(host, name);
    return name;
  });
}

/** Of a machine that is booted for it, with the image pulled and what runs containers in memory. */
async function makeTemplate(host: Host, request: RunRequest, name: string): Promise<void> {
  host.report.line(`Making a template with ${request.image}, which is kept...`);
  const afterwards = await runAfterThisProcess(removalWords(host.store, name));
  try {
    const made = { ...request.machine, connection: false };
    const machine = await createMachine(host, name, made);
    await waitUntilReady(host, machine);
    const target = driverOf(host.store, machine.config.DriverName).sshTarget(machine, "root");
    const pulled = await captureSsh(
      target,
      [shellWords(["podman", "pull", "--quiet", request.image])],
      pullTimeoutMs,
    );
    if (pulled.exitCode !== 0) {
      throw new MachineError(
        `The image ${request.image} could not be pulled: ${lastLine(pulled.stderr) || "no answer"}`,
      );
    }
    // It need not have such a program: what was read for that stays in memory, also of each fork.
    const warm = [
      ...["podman", "run", "--rm", "--pull=never", "--entrypoint", "true"],
      ...networkWords(request.network),
      request.image,
    ];
    await captureSsh(target, [shellWords(warm)], warmTimeoutMs);
    await saveMachine(host, name, { as: name, isCache: true });
  } finally {
    if (await machineFolderExists(host.store, name)) {
      await removeMachine(host, name, { force: true });
    }
    await afterwards.callOff();
  }
}

/** The oldest go, but those that somebody uses. */
async function prune(host: Host, keep: string): Promise<void> {
  const templates = await listTemplates(host.store);
  for (const name of outdated(templates, keep, Date.now())) {
    await removeTemplate(host, name);
  }
}

/**
 * The templates of `run` that go: those that were not used for long, and the ones that were used longest ago of what
 * is too much. What machines go on from stays, and counts.
 *
 * @param keep the name of the one that is used now.
 */
export function outdated(
  templates: readonly ListedTemplate[],
  keep: string,
  nowMs: number,
): string[] {
  const isUsed = ({ name, forks }: ListedTemplate) => name === keep || forks.length > 0;
  const cached = templates
    .filter(({ isCache }) => isCache)
    .sort((one, other) => Number(isUsed(other)) - Number(isUsed(one)) || other.usedMs - one.usedMs);
  let count = 0;
  let bytes = 0;
  const gone: string[] = [];
  for (const template of cached) {
    const isTooMuch = count >= cachedMax || bytes + template.bytes > cachedMaxBytes;
    if (!isUsed(template) && (isTooMuch || nowMs - template.usedMs > cachedMaxAgeMs)) {
      gone.push(template.name);
    } else {
      count += 1;
      bytes += template.bytes;
    }
  }
  return gone;
}
