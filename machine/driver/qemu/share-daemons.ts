import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, statSync } from "node:fs";
import { open, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { systemErrorCode } from "../../../system-error.ts";
import { MachineError } from "../../error/machine-error.ts";
import type { SystemProcess } from "../../host-system/contract.ts";
import { findProgram } from "../../program/find.ts";
import { runProgram } from "../../program/run.ts";
import { waitInFolder } from "../../store/folder-watch.ts";
import type { MachineFiles } from "../../store/machine-files.ts";
import type { MachinePlace } from "../../store/machines.ts";
import type { FolderShare } from "../../store/share.ts";
import type { Report } from "../contract/driver.ts";
import { keepLog } from "./log-keeper.ts";
import { guestUser } from "./owner-map.ts";
import { processesThat } from "./process.ts";
import type { ServedShare } from "./share-devices.ts";

/** Debian and Fedora keep the daemon here, off PATH. */
const daemonPlaces = ["virtiofsd", "/usr/libexec/virtiofsd", "/usr/lib/virtiofsd"];
const helpTimeoutMs = 10_000;
const startTimeoutMs = 20_000;
/** What it says (virtiofsd's main.rs) when its sandbox stands and it takes QEMU's connection. */
const serves = "Waiting for vhost-user socket connection";
/** What a daemon says until then takes a few lines. */
const saidMaxBytes = 64 * 1024;
/** Of what all daemons of a machine say from a start on. */
const logMaxBytes = 256 * 1024;

/** A virtiofs daemon that can do what a share needs. */
export interface Daemon {
  readonly program: string;
  readonly canReadOnly: boolean;
  readonly canTranslate: boolean;
}

/** A machine, and the folders that it shares. */
export interface Sharing extends MachinePlace {
  readonly config: { readonly Driver: { readonly Shares: readonly FolderShare[] } };
}

/**
 * Starts what serves a machine's shares: the virtiofs daemon when there is one that can translate
 * owners and, for reading alone, forbid writing; QEMU's own 9p otherwise.
 */
export async function serveShares(
  machine: Sharing,
  report: Report,
): Promise<{ served: readonly ServedShare[]; end: () => void }> {
  const { Shares } = machine.config.Driver;
  if (Shares.length === 0) {
    return { served: [], end: () => undefined };
  }
  await checkShares(machine, report);
  await rm(sharesLog(machine.files), { force: true });
  const daemon = await findDaemon();
  const served: ServedShare[] = [];
  const daemons: ChildProcess[] = [];
  for (const [index, share] of Shares.entries()) {
    const socket = join(machine.files.shareSockets, `share${index}`);
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
      endDaemon(child);
    }
  };
  return { served, end };
}

/**
 * How the shares of a machine are served that goes on from a template: by 9p, with devices that are plugged in. The
 * daemon would need the guest's memory, which is a copy of the template's, page by page.
 */
export async function servePluggedShares(
  machine: Sharing,
  report: Report,
): Promise<readonly ServedShare[]> {
  await checkShares(machine, report);
  return machine.config.Driver.Shares.map((share) => ({
    share,
    transport: { kind: "9p", isPlugged: true },
  }));
}

async function checkShares(machine: Sharing, report: Report): Promise<void> {
  for (const share of machine.config.Driver.Shares) {
    await checkFolder(share);
  }
  warnOfSetuidFiles(machine, report);
}

function sharesLog(files: MachineFiles): string {
  return join(files.folder, "shares.log");
}

/** With its child in the sandbox, which would outlive it: both are of one process group. */
function endDaemon(child: ChildProcess): void {
  if (child.pid === undefined) {
    return;
  }
  try {
    process.kill(-child.pid);
  } catch (error) {
    if (systemErrorCode(error) !== "ESRCH") {
      throw error;
    }
  }
}

/** Root of the guest chooses owner and mode of what it writes: here they would be root's. */
function warnOfSetuidFiles(machine: Sharing, report: Report): void {
  const writable = machine.config.Driver.Shares.filter(({ ReadOnly }) => !ReadOnly);
  if (process.getuid?.() === 0 && writable.length > 0) {
    report.warn(
      `"${machine.name}" can leave programs that run as root of this host (setuid) in ${writable.map(({ HostFolder }) => HostFolder).join(", ")}: run it as an ordinary user, or share with ":ro".`,
    );
  }
}

/** Whether the daemon does all that a share needs: what it can't, 9p does. */
export function canServe(daemon: Daemon, share: FolderShare): boolean {
  return daemon.canTranslate && (!share.ReadOnly || daemon.canReadOnly);
}

/**
 * Removes the sockets of a machine that doesn't run. Its daemons end by themselves when QEMU lets go of them; those
 * that a killed start left before any QEMU came would wait for ever, and are ended.
 */
export async function endShares(files: MachineFiles): Promise<void> {
  const names = await readdir(files.shareSockets);
  const left = names.filter((name) => /^share\d+(\.pid|\.pipe)?$/.test(name));
  if (left.length > 0) {
    const socket = join(files.shareSockets, "share");
    const isOurs = ({ commandLine }: SystemProcess) =>
      commandLine.includes(`--socket-path ${socket}`);
    for await (const pid of processesThat(isOurs)) {
      endProcess(pid);
    }
  }
  for (const name of left) {
    await rm(join(files.shareSockets, name), { force: true });
  }
}

/** Another user's is none of ours, whatever it was told. */
function endProcess(pid: number): void {
  try {
    process.kill(pid);
  } catch (error) {
    const code = systemErrorCode(error);
    if (code !== "ESRCH" && code !== "EPERM") {
      throw error;
    }
  }
}

/**
 * What virtiofsd is told. All of the guest's users are the person who runs the machine. Names that
 * the guest's kernel sends are taken as they are, "../" included: what keeps them in the folder is
 * the namespace alone, in which there is nothing else. An ordinary person's daemon makes a user
 * namespace for it.
 */
export function daemonArguments(
  share: FolderShare,
  socket: string,
  person: { uid: number; gid: number },
): string[] {
  return [
    ...["--socket-path", socket, "--shared-dir", share.HostFolder],
    ...["--sandbox", "namespace", "--cache", "auto", "--log-level", "info"],
    ...["--translate-uid", `map:${guestUser.uid}:${person.uid}:1`],
    ...squash("--translate-uid", guestUser.uid, person.uid),
    ...["--translate-gid", `map:${guestUser.gid}:${person.gid}:1`],
    ...squash("--translate-gid", guestUser.gid, person.gid),
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
  for (const place of daemonPlaces) {
    try {
      const program = await findProgram(place);
      const { stdout } = await runProgram(program, ["--help"], { timeoutMs: helpTimeoutMs });
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
      `${share.HostFolder}, which is shared with the machine, is not a folder of this host: create it, or "podman-machine set --volume" others.`,
    );
  }
}

/** Starts a daemon, which ends with its one client. Undefined, and a warning, when it doesn't come up. */
async function start(
  daemon: Daemon,
  share: FolderShare,
  socket: string,
  machine: Sharing,
  report: Report,
): Promise<ChildProcess | undefined> {
  const person = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
  const logPath = sharesLog(machine.files);
  // What a guest sends may make it complain without end.
  const log = await keepLog({
    pipe: `${socket}.pipe`,
    log: logPath,
    earlier: "",
    maxBytes: logMaxBytes,
  });
  const logStart = statSync(logPath).size;
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
  // The socket is there before the sandbox is, and goes again when there can be none.
  const look = async () => {
    if (ended) {
      return "ended";
    }
    return (await readFrom(logPath, logStart)).includes(serves) ? "serves" : undefined;
  };
  const outcome = await waitInFolder(machine.files.folder, look, startTimeoutMs);
  child.unref();
  if (outcome === "serves") {
    return child;
  }
  endDaemon(child);
  report.warn(
    `virtiofsd doesn't serve ${share.HostFolder} (${logPath} says why; as an ordinary user it needs newuidmap and user namespaces): 9p is used instead, which is slower.`,
  );
  return undefined;
}

async function readFrom(path: string, start: number): Promise<string> {
  const file = await open(path, "r");
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(saidMaxBytes), 0, null, start);
    return buffer.toString("utf8", 0, bytesRead);
  } finally {
    await file.close();
  }
}
