import type { Kernel } from "../kernel/kernel.ts";

/** What /run/boot2podman/services/NAME says: "PID STARTED-MS FAILURES", by us and by usr/lib/boot2podman/service. */
export interface ServiceState {
  name: string;
  pid: number;
  /** Milliseconds since the kernel started. */
  startedMs: number;
  /** Ends in a row, each shortly after its start. */
  failures: number;
  isRunning: boolean;
}

/** Where services note when they started; the shell scripts of the image write there too. */
export const serviceStateFolder = "/run/boot2podman/services";

/** Notes a start. Throws a KernelError when /run is full. */
export function writeServiceState(
  kernel: Kernel,
  { name, pid, startedMs, failures }: Omit<ServiceState, "isRunning">,
): void {
  kernel.mkdir(serviceStateFolder);
  kernel.writePlain(
    `${serviceStateFolder}/${name}`,
    `${pid} ${Math.round(startedMs)} ${failures}\n`,
  );
}

/** The service that a file tells of; undefined when there is none. */
export function readServiceState(kernel: Kernel, name: string): ServiceState | undefined {
  const text = kernel.readTextIfPresent(`${serviceStateFolder}/${name}`) ?? "";
  const match = /^(\d+) (\d+) (\d+)\s*$/.exec(text);
  if (match === null) {
    return undefined;
  }
  const [pid = 0, startedMs = 0, failures = 0] = match.slice(1).map(Number);
  return { name, pid, startedMs, failures, isRunning: kernel.exists(`/proc/${pid}`) };
}

/** All services that have been started, by name. */
export function readServiceStates(kernel: Kernel): ServiceState[] {
  return kernel
    .listIfPresent(serviceStateFolder)
    .flatMap((name) => readServiceState(kernel, name) ?? []);
}
