import type { ListeningSocket } from "../../kernel/events.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { KernelError } from "../../kernel/kernel-error.ts";
import { scrubbedEnvironment } from "../../kernel/processes.ts";
import { writeServiceState } from "../../services/service-state.ts";
import { profilePath, withProfile } from "../hooks/run-hook.ts";

const folder = "/run/podman";
/** Where clients expect root's Podman. */
export const podmanSocketPath = `${folder}/podman.sock`;
/** Docker's name of it, as a link, which containers have mounted into them. */
const dockerName = ["/run/docker.sock", "podman/podman.sock"] as const;
const logPath = "/var/log/podman-service.log";
/** The service ends when nobody has asked for so long; until then it holds some 10 MB. */
const idleSeconds = 60;
const longestPauseMs = 60_000;

/** Proxies, where the client of podman machine writes them. */
export const defaultEnvironment = "/etc/profile.d/default-env.sh";
/** Of sh -c: takes them over. */
export const withDefaultEnvironment = `[ -r ${defaultEnvironment} ] && . ${defaultEnvironment};`;
/** The kernel knows the process only once it runs, so that a shell fills in LISTEN_PID (sd_listen_fds(3)). */
const withListenPid = [
  "/bin/sh",
  "-c",
  `export LISTEN_PID=$$; ${withDefaultEnvironment} ${withProfile}`,
  "sh",
  profilePath,
];
/** Podman's service, which ends by itself when nobody has asked for a while. */
export const service = ["podman", "system", "service", `--time=${idleSeconds}`];

/** Makes podman's socket, where clients can connect from now on. */
export function openPodmanSocket(kernel: Kernel): ListeningSocket {
  kernel.mkdir(folder, { mode: 0o700 });
  const socket = kernel.listenUnix(podmanSocketPath, 0o600);
  const [name, target] = dockerName;
  if (kernel.lstat(name) === undefined) {
    kernel.symlink(target, name);
  }
  return socket;
}

/**
 * Starts a service, podman's when no other is given, when a client connects, and again after it has ended. Never returns.
 */
export async function serveSocket(
  kernel: Kernel,
  socket: ListeningSocket,
  command: readonly string[] = [...withListenPid, ...service],
  name = "podman",
): Promise<never> {
  let failures = 0;
  for (;;) {
    await socket.connection();
    const failure = await runService(kernel, socket, command);
    const before = failures;
    failures = failure === undefined ? 0 : failures + 1;
    if (failure !== undefined || failures !== before) {
      const state = { name, pid: 0, startedMs: kernel.uptimeMs(), failures };
      writeServiceState(kernel, state);
    }
    if (failure !== undefined) {
      kernel.tellKernelLog(`${name}'s service ${failure}`);
      // Whoever connected still waits, so that without a pause it would start over at once.
      await pause(pauseMs(failures));
    }
  }
}

/** Runs the service to its end; says what went wrong, if anything did. */
async function runService(
  kernel: Kernel,
  socket: ListeningSocket,
  command: readonly string[],
): Promise<string | undefined> {
  try {
    const child = kernel.spawn(command, {
      fd3: socket.fd,
      env: { ...scrubbedEnvironment, LISTEN_FDS: "1" },
      logPath,
    });
    const status = await child.exited;
    return status === 0 ? undefined : `ended with ${status}: see ${logPath}`;
  } catch (error) {
    if (!(error instanceof KernelError)) {
      throw error;
    }
    return `can't be started: ${error.message}`;
  }
}

/** 1 s after the first failure, twice as long after each further one, at most a minute. */
export function pauseMs(failures: number): number {
  return Math.min(1000 * 2 ** (failures - 1), longestPauseMs);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
