import { copyFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { driverOf } from "../driver/drivers.ts";
import { MachineError } from "../error/machine-error.ts";
import { ownProgram } from "../program/own-program.ts";
import { lastLine } from "../program/run.ts";
import { captureSsh } from "../ssh/session.ts";
import { checkNewConfig, type MachineConfig, writeConfig } from "../store/config.ts";
import type { NetworkKind } from "../store/driver-config.ts";
import { withLock } from "../store/lock.ts";
import { filesIn, type MachineFiles, machineFolder } from "../store/machine-files.ts";
import { loadMachine, type Machine, machineFolderExists } from "../store/machines.ts";
import { chooseFreePort, parsePortRange } from "../store/port.ts";
import type { FolderShare } from "../store/share.ts";
import { loadTemplate, type Template } from "../store/templates.ts";
import { type Host, machineLock, observeTimeoutMs, portLock } from "./host.ts";
import { makeMachine } from "./make-machine.ts";
import { settled } from "./settle.ts";

const containersTimeoutMs = 120_000;

/** What differs of a fork from what it is made of. */
export interface ForkOptions {
  readonly sameKeys: boolean;
  /** Undefined: the template's. */
  readonly network?: NetworkKind | undefined;
  /** Whether podman and ssh of this host are told of it; undefined: as of the template's machine. */
  readonly connection?: boolean | undefined;
  /** Folders of this host that are plugged into it; the driver's mountScript mounts them. */
  readonly shares?: readonly FolderShare[] | undefined;
  /** Whether this host can talk to an agent in the guest. */
  readonly hasAgent: boolean;
  /** Whether it is removed as soon as it is off. */
  readonly removeAtEnd?: boolean | undefined;
}

/**
 * Makes a machine that goes on from a template; resolves when it can be used. When it can't go on, no trace of it stays.
 */
export function forkMachine(
  host: Host,
  templateName: string,
  name: string,
  options: ForkOptions,
): Promise<Machine> {
  return makeMachine(host, name, "fork", {
    fill: (files) => fill(host, templateName, name, options, files),
    async start(machine) {
      const waking = {
        template: templateName,
        sameKeys: options.sameKeys,
        isSame: false,
        hasAgent: options.hasAgent,
        afterwards: options.removeAtEnd ? removalWords(host.store, name) : undefined,
      };
      await driverOf(host.store, machine.config.DriverName).wake?.(machine, waking, host.report);
    },
  });
}

/** The words that remove a machine, by another process. */
export function removalWords(store: string, name: string): string[] {
  return [ownProgram, "-s", store, "rm", "-f", name];
}

/** From when its config is there, nobody removes the template. */
function fill(
  host: Host,
  templateName: string,
  name: string,
  options: ForkOptions,
  files: MachineFiles,
): Promise<MachineConfig> {
  return withLock(portLock(host, `fork ${name}`), async () => {
    const template = await loadTemplate(host.store, templateName);
    const port = await chooseFreePort(host.store, parsePortRange(""));
    const config = configOf(host, template, name, port, options);
    await writeConfig(files.config, config);
    for (const path of [files.key, files.publicKey]) {
      await copyFile(join(template.files.folder, basename(path)), path);
    }
    return config;
  });
}

function configOf(
  host: Host,
  template: Template,
  name: string,
  port: number,
  { network, connection, shares = [] }: ForkOptions,
): MachineConfig {
  const { config } = template;
  const files = filesIn(machineFolder(host.store, name));
  const value = {
    ...config,
    Driver: {
      ...config.Driver,
      MachineName: name,
      StorePath: host.store,
      SSHKeyPath: files.key,
      SSHPort: port,
      SSHPortFixed: false,
      // Ports that were published are the template's machine's.
      Publish: [],
      Shares: [...shares],
      Template: template.name,
      ImagePinned: template.imageId,
      ImageBooted: template.imageId,
      ...(network === undefined ? {} : { Network: network }),
    },
    HostOptions: {
      ...config.HostOptions,
      ...(connection === undefined ? {} : { Connection: connection }),
    },
    Name: name,
  };
  return checkNewConfig(value, files.config);
}

/** Ends the containers that go on in a fork, root's and the user's. */
export async function endContainers(host: Host, machine: Machine): Promise<void> {
  const driver = driverOf(host.store, machine.config.DriverName);
  for (const user of new Set(["root", machine.config.Driver.SSHUser])) {
    const target = driver.sshTarget(machine, user);
    const command = ["podman", "stop", "--all", "--time", "10"];
    const { exitCode, stderr } = await captureSsh(target, command, containersTimeoutMs);
    if (exitCode !== 0) {
      throw new MachineError(
        `The containers of "${machine.name}" could not be ended as ${user}: ${lastLine(stderr) || "no answer"}`,
      );
    }
  }
}

/** The first names that no machine has: TEMPLATE-1, TEMPLATE-2, … */
export async function freeNames(host: Host, template: string, count: number): Promise<string[]> {
  const names: string[] = [];
  for (let number = 1; names.length < count; number += 1) {
    const name = `${template}-${number}`;
    if (!(await machineFolderExists(host.store, name))) {
      names.push(name);
    }
  }
  return names;
}

/**
 * Puts a machine back to what a template has: one of itself, or the one that it was forked from. What was written since
 * is lost.
 */
export async function restoreMachine(
  host: Host,
  name: string,
  templateName: string | undefined,
): Promise<Machine> {
  const { config } = await loadMachine(host.store, name);
  const origin = "Template" in config.Driver ? config.Driver.Template : "";
  const wanted = templateName ?? (origin === "" ? name : origin);
  return withLock(machineLock(host, name, "restore"), async () => {
    const machine = await loadMachine(host.store, name);
    const driver = driverOf(host.store, machine.config.DriverName);
    const template = await loadTemplate(host.store, wanted);
    const isSame = template.machine === name;
    if (!isSame && origin !== wanted) {
      throw new MachineError(
        `The template "${wanted}" is of "${template.machine}", and "${name}" was not forked from it: "podman-machine fork ${wanted}" makes a machine of it.`,
      );
    }
    const { state } = await settled(machine.files, () => driver.observe(machine, observeTimeoutMs));
    if (state !== "Stopped") {
      await driver.kill(machine);
    }
    const waking = { template: wanted, sameKeys: false, isSame, hasAgent: true };
    await driver.wake?.(machine, waking, host.report);
    return loadMachine(host.store, name);
  });
}
