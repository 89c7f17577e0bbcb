import { join } from "node:path";
import { MachineError } from "../error/machine-error.ts";

/** Where everything of one machine lies. */
export interface MachineFiles {
  readonly folder: string;
  readonly config: string;
  readonly disk: string;
  /** That the guest had its data disk, and since when. */
  readonly dataSeen: string;
  readonly key: string;
  readonly publicKey: string;
  /** A key that was made elsewhere and copied here. */
  readonly importedKey: string;
  readonly knownHosts: string;
  /** What ssh(1) has to know, to be included by its config. */
  readonly sshConfig: string;
  /** QMP socket. */
  readonly monitor: string;
  readonly pid: string;
  /** What the running process is: pid, start time, accelerator, image. */
  readonly process: string;
  /** What the serial console printed since the start: all of it, or the last of much. */
  readonly consoleLog: string;
  /** What it printed before that, when it was much. */
  readonly consoleLogEarlier: string;
  /** Ways into the logs, while something writes them. */
  readonly consolePipe: string;
  readonly bootPipe: string;
  readonly messagesPipe: string;
  /** What QEMU itself complained of since the start. */
  readonly messagesLog: string;
  readonly consoleSocket: string;
  /** What the guest wrote to the port org.boot2podman.boot.0 since the start. */
  readonly bootLog: string;
  /** Socket of the port org.qemu.guest_agent.0. */
  readonly agentSocket: string;
  /** Socket of the port org.boot2podman.control.0. */
  readonly controlSocket: string;
  /** Folder of the sockets of what serves its shares. */
  readonly shareSockets: string;
  /** That a guest waits to be told as whom it goes on, see saved-guest.ts of QEMU's driver. */
  readonly held: string;
}

/** The files of a machine in its folder. */
export function filesIn(folder: string): MachineFiles {
  return {
    folder,
    config: join(folder, "config.json"),
    disk: join(folder, "disk.qcow2"),
    dataSeen: join(folder, "data-seen"),
    key: join(folder, "id_ed25519"),
    publicKey: join(folder, "id_ed25519.pub"),
    importedKey: join(folder, "id_imported"),
    sshConfig: join(folder, "ssh_config"),
    knownHosts: join(folder, "known_hosts"),
    monitor: join(folder, "monitor"),
    pid: join(folder, "qemu.pid"),
    process: join(folder, "process.json"),
    consoleLog: join(folder, "console.log"),
    consoleLogEarlier: join(folder, "console.log.earlier"),
    consolePipe: join(folder, "console.pipe"),
    bootPipe: join(folder, "boot.pipe"),
    messagesPipe: join(folder, "qemu.pipe"),
    messagesLog: join(folder, "qemu.log"),
    consoleSocket: join(folder, "console"),
    bootLog: join(folder, "boot.log"),
    agentSocket: join(folder, "agent"),
    controlSocket: join(folder, "control"),
    shareSockets: folder,
    held: join(folder, "held.json"),
  };
}

/** The folder of all machines of a store. */
export function machinesFolder(store: string): string {
  return join(store, "machines");
}

/** The folder of one machine. */
export function machineFolder(store: string, name: string): string {
  return join(machinesFolder(store), name);
}

/** A machine that is being made; a name can't start with a dot, so nobody takes it for a machine. */
export function unfinishedFolder(store: string, name: string): string {
  return join(machinesFolder(store), `.creating-${name}`);
}

/** A machine that is being deleted. */
export function removedFolder(store: string, name: string): string {
  return join(machinesFolder(store), `.removing-${name}`);
}

/** sun_path holds 108 bytes with its final NUL on Linux (unix(7)), 104 on macOS. */
const socketPathMaxBytes = 103;

/** Throws when the sockets of a machine in this folder would have a path too long for the kernel. */
export function checkSocketPaths(files: MachineFiles): void {
  const own = [files.monitor, files.consoleSocket, files.agentSocket, files.controlSocket];
  for (const path of [...own, join(files.shareSockets, "share0")]) {
    const bytes = Buffer.byteLength(path);
    if (bytes > socketPathMaxBytes) {
      throw new MachineError(
        `The path of the socket ${path} has ${bytes} bytes, and a socket's path can have ${socketPathMaxBytes}: choose a shorter name, or a shorter folder with --storage-path.`,
      );
    }
  }
}
