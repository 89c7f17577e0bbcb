import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { findImage } from "../boot-image/image.ts";
import { hostOf } from "../commands/context.ts";
import { builtImage, defaultSettings } from "../commands/create-qemu.ts";
import type { Caller, Terminal } from "../commands/terminal.ts";
import { driverOf } from "../driver/drivers.ts";
import { readRecord } from "../driver/qemu/process.ts";
import { MachineError } from "../error/machine-error.ts";
import { createMachine } from "../life/create.ts";
import type { Host } from "../life/host.ts";
import { introduce } from "../life/introduce.ts";
import { type Started, startMachine, waitUntilReady } from "../life/start.ts";
import { runSsh } from "../ssh/session.ts";
import { loadMachine, type Machine, machineFolderExists, ofDriver } from "../store/machines.ts";
import { defaultName } from "../store/name.ts";
import { connectionLines } from "./connection.ts";
import { podmanInfo, summary } from "./podman-info.ts";

const buildProgram = fileURLToPath(new URL("../../image/build.ts", import.meta.url));

/**
 * What `npm start` does: builds the image when its inputs changed, makes or starts the machine,
 * shows its podman and how to reach it, and on a terminal opens a shell in it.
 * Returns the exit status.
 */
export async function quickStart(caller: Caller): Promise<number> {
  const { terminal } = caller;
  await build();
  const host = hostOf(caller, undefined);
  const { machine, launched, resumed } = await createOrStart(host);
  await waitUntilReady(host, machine);
  await introduce(host, machine);
  if (!launched) {
    terminal.out(
      resumed
        ? `"${machine.name}" goes on where it was held.`
        : `"${machine.name}" is already running.`,
    );
    await sayIfImageIsNewer(terminal, machine);
  }
  const target = driverOf(host.store, machine.config.DriverName).sshTarget(machine, "root");
  terminal.status(`asking the podman of "${machine.name}"`);
  const info = await podmanInfo(target);
  for (const line of ["", ...summary(info), "", ...connectionLines(machine), ""]) {
    terminal.out(line);
  }
  return terminal.interactive ? shell(terminal, host, machine) : 0;
}

async function createOrStart(host: Host): Promise<Started> {
  if (!(await machineFolderExists(host.store, defaultName))) {
    const machine = await createMachine(host, defaultName, {
      driver: "qemu",
      labels: [],
      rootful: true,
      connection: true,
      settings: defaultSettings,
    });
    return { machine, launched: true };
  }
  const { Image } = ofDriver(await loadMachine(host.store, defaultName), "qemu").config.Driver;
  // A repository that was moved took its image along.
  return startMachine(host, defaultName, (await hasImage(Image)) ? undefined : builtImage);
}

async function hasImage(folder: string): Promise<boolean> {
  try {
    await findImage(folder);
    return true;
  } catch (error) {
    if (error instanceof MachineError) {
      return false;
    }
    throw error;
  }
}

async function sayIfImageIsNewer(terminal: Terminal, machine: Machine): Promise<void> {
  const running = await readRecord(machine.files);
  const built = await findImage(ofDriver(machine, "qemu").config.Driver.Image);
  if (running !== undefined && running.imageId !== built.id) {
    terminal.out(
      `The image in ${built.folder} is newer than the one that "${machine.name}" runs: "npm stop", then "npm start" boots it. Data stays.`,
    );
  }
}

/** A shell of its own ends as it ends: what was typed last in it is no failure of ours. */
async function shell(terminal: Terminal, host: Host, machine: Machine): Promise<number> {
  terminal.out(`A shell in "${machine.name}"; "exit" leaves it, and the machine goes on running.`);
  await runSsh(driverOf(host.store, machine.config.DriverName).sshTarget(machine), []);
  return 0;
}

/** The build shows its own progress; when nothing changed it is over at once. */
function build(): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [buildProgram], {
      stdio: ["ignore", "inherit", "inherit"],
    });
    child.on("error", (cause) =>
      reject(
        new MachineError(`The build of the image can't be started: ${cause.message}`, { cause }),
      ),
    );
    child.on("exit", (code, signal) => {
      if (code === 0) {
        resolve();
      } else {
        const end = signal === null ? `exit status ${code}` : signal;
        reject(new MachineError(`The image was not built (${end}): nothing was started.`));
      }
    });
  });
}
