import type { ListeningSocket } from "../../kernel/events.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { scrubbedEnvironment } from "../../kernel/processes.ts";

const folder = "/run/podman";
export const podmanSocketPath = `${folder}/podman.sock`;
const oldName = `${folder}/io.podman`;
const logPath = "/var/log/podman-service.log";
/** The service ends when nobody has asked for so long; until then it holds some 10 MB. */
const idleSeconds = 60;
const longestPauseMs = 60_000;

/** The kernel knows the process only once it runs, so that a shell fills in LISTEN_PID (sd_listen_fds(3)). */
const withListenPid = ["/bin/sh", "-c", 'export LISTEN_PID=$$; exec "$@"', "sh"];
const service = ["podman", "system", "service", `--time=${idleSeconds}`];

/** Makes podman's socket, where clients can connect from now on. */
export function openPodmanSocket(kernel: Kernel): ListeningSocket {
  kernel.mkdir(folder, { mode: 0o700 });
  const socket = kernel.listenUnix(podmanSocketPath, 0o600);
  if (kernel.lstat(oldName) === undefined) kernel.symlink("podman.sock", oldName);
  return socket;
}

/**
 * Starts podman's service when a client connects, and again after it has ended. Never returns.
 */
export async function servePodman(kernel: Kernel, socket: ListeningSocket): Promise<never> {
  let failures = 0;
  for (;;) {
    await socket.connection();
    const child = kernel.spawn([...withListenPid, ...service], {
      fd3: socket.fd,
      env: { ...scrubbedEnvironment, LISTEN_FDS: "1" },
      logPath,
    });
    const status = await child.exited;
    failures = status === 0 ? 0 : failures + 1;
    if (failures > 0) {
      kernel.tellKernelLog(`podman system service ended with ${status}: see ${logPath}`);
      // Whoever connected still waits, so that without a pause it would start over at once.
      await pause(pauseMs(failures));
    }
  }
}

/** 1 s after the first failure, twice as long after each further one, at most a minute. */
export function pauseMs(failures: number): number {
  return Math.min(1000 * 2 ** (failures - 1), longestPauseMs);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
