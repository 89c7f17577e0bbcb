import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { MachineError } from "../../error/machine-error.ts";
import { findProgram } from "../../program/find.ts";
import { runProgram } from "../../program/run.ts";
import { waitInFolder } from "../../store/folder-watch.ts";
import type { MachineFiles } from "../../store/machine-files.ts";
import type { Machine } from "../../store/machines.ts";
import type { FolderShare } from "../../store/share.ts";
import type { Report } from "../contract/driver.ts";
import { GUEST_USER } from "./owner-map.ts";
import type { ServedShare } from "./share-devices.ts";

/** Debian and Fedora keep the daemon here, off PATH. */
const DAEMON_PLACES = ["virtiofsd", "/usr/libexec/virtiofsd", "/usr/lib/virtiofsd"];
const HELP_TIMEOUT_MS = 10_000;
const SOCKET_TIMEOUT_MS = 20_000;
/** A virtiofs daemon that can do what a share needs. */
export interface Daemon {
  readonly program: string;
  readonly canReadOnly: boolean;
  readonly canTranslate: boolean;
}

/**
 * Starts what serves a machine's shares: the virtiofs daemon when there is one that can translate
 * owners and, for reading alone, forbid writing; QEMU's own 9p otherwise.
 */
export async function serveShares(
  machine: Machine<"qemu">,
  report: Report,
): Promise<{ served: readonly ServedShare[]; end: () => void }> {
  const { Shares } = machine.config.Driver;
  if (Shares.length === 0) {
    return { served: [], end: () => undefined };
  }
  for (const share of Shares) {
    await checkFolder(share);
  }
  const daemon = await findDaemon();
  const served: ServedShare[] = [];
  const daemons: ChildProcess[] = [];
  for (const [index, share] of Shares.entries()) {
    const socket = join(machine.files.folder, `share${index}`);
    const child =
      daemon !== undefined && canServe(daemon, share)
        ? await start(daemon, share, socket, machine, report)
        : undefined;
    if (child === undefined) {
      served.push({ share, transport: { kind: "9p" } });
    } else {
      daemons.push(child);
      served.push({ share, transport: { kind: "virtiofs", socket } });
    }
  }
  // One that no QEMU connects to would wait for ever.
  const end = () => {
    for (const child of daemons) {
      child.kill();
    }
  };
  return { served, end };
}

/** Whether the daemon does all that a share needs: what it can't, 9p does. */
export function canServe(daemon: Daemon, share: FolderShare): boolean {
  return daemon.canTranslate && (!share.ReadOnly || daemon.canReadOnly);
}

/** Removes the sockets of a machine; the daemons end by themselves when QEMU lets go of them. */
export async function endShares(files: MachineFiles): Promise<void> {
  for (const name of await readdir(files.folder)) {
    if (/^share\d+(\.pid)?$/.test(name)) {
      await rm(join(files.folder, name), { force: true });
    }
  }
}

/** What virtiofsd is told. All of the guest's users are the person who runs the machine. */
export function daemonArguments(
  share: FolderShare,
  socket: string,
  person: { uid: number; gid: number },
): string[] {
  return [
    ...["--socket-path", socket, "--shared-dir", share.HostFolder],
    ...["--sandbox", person.uid === 0 ? "namespace" : "none", "--cache", "auto"],
    ...["--translate-uid", `map:${GUEST_USER.uid}:${person.uid}:1`],
    ...squash("--translate-uid", GUEST_USER.uid, person.uid),
    ...["--translate-gid", `map:${GUEST_USER.gid}:${person.gid}:1`],
    ...squash("--translate-gid", GUEST_USER.gid, person.gid),
    ...(share.ReadOnly ? ["--readonly"] : []),
  ];
}

/** All numbers of the guest but one become the person's. */
function squash(option: string, except: number, person: number): string[] {
  return [
    ...[option, `squash-guest:0:${person}:${except}`],
    ...[option, `squash-guest:${except + 1}:${person}:${2 ** 32 - 1 - (except + 1)}`],
  ];
}

/** Reads what a daemon can do from its help. */
export function daemonAbilities(program: string, help: string): Daemon {
  return {
    program,
    canReadOnly: help.includes("--readonly"),
    canTranslate: help.includes("--translate-uid"),
  };
}

async function findDaemon(): Promise<Daemon | undefined> {
  for (const place of DAEMON_PLACES) {
    try {
      const program = await findProgram(place);
      const { stdout } = await runProgram(program, ["--help"], { timeoutMs: HELP_TIMEOUT_MS });
      return daemonAbilities(program, stdout);
    } catch (error) {
      if (!(error instanceof MachineError)) {
        throw error;
      }
    }
  }
  return undefined;
}

async function checkFolder(share: FolderShare): Promise<void> {
  const found = await stat(share.HostFolder).catch(() => undefined);
  if (found?.isDirectory() !== true) {
    throw new MachineError(
      `${share.HostFolder}, which is shared with the machine, is no folder here: make it, or "podman-machine set --volume" others.`,
    );
  }
}

/** Starts a daemon, which ends with its one client. Undefined, and a warning, when it doesn't come up. */
async function start(
  daemon: Daemon,
  share: FolderShare,
  socket: string,
  machine: Machine<"qemu">,
  report: Report,
): Promise<ChildProcess | undefined> {
  const person = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
  const log = openSync(join(machine.files.folder, "shares.log"), "a", 0o600);
  const child = spawn(daemon.program, daemonArguments(share, socket, person), {
    detached: true,
    stdio: ["ignore", log, log],
  });
  closeSync(log);
  let ended = false;
  child.on("error", () => {
    ended = true;
  });
  child.on("exit", () => {
    ended = true;
  });
  const look = async () => {
    const isThere = await stat(socket).then(
      () => true,
      () => false,
    );
    return isThere ? "up" : ended ? "ended" : undefined;
  };
  const outcome = await waitInFolder(machine.files.folder, look, SOCKET_TIMEOUT_MS);
  child.unref();
  if (outcome === "up") {
    return child;
  }
  child.kill();
  report.warn(
    `virtiofsd doesn't serve ${share.HostFolder} (${join(machine.files.folder, "shares.log")} says why): 9p does, which is slower.`,
  );
  return undefined;
}
