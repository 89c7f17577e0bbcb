import type { Report } from "../driver/contract/driver.ts";

/** Where machines are kept, and who is told what happens to them. */
export interface Host {
  readonly store: string;
  readonly report: Report;
  /** Whose podman and ssh are told of machines; undefined: nobody's. */
  readonly person?: Person;
}

/** Whoever runs a command on this host. */
export interface Person {
  readonly home: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** How long a command waits for another one that works on the same machine: longer than a stop. */
export const lockTimeoutMs = 240_000;

/** How long a look at a machine may take before it counts as not answering. */
export const observeTimeoutMs = 10_000;

/** The lock of one machine, for a command of that name. */
export function machineLock(host: Host, name: string, command: string) {
  return {
    store: host.store,
    name,
    command: `${command} ${name}`,
    timeoutMs: lockTimeoutMs,
    onWait: (holder: string) => host.report.line(`Waiting for ${holder}...`),
  };
}

/** The lock under which a port is chosen and written down. No machine's name starts with a dot. */
export function portLock(host: Host, command: string) {
  return { store: host.store, name: ".ports", command, timeoutMs: lockTimeoutMs };
}

/** The lock of one template, for a command of that name. */
export function templateLock(host: Host, name: string, command: string) {
  return {
    store: host.store,
    name: `.template-${name}`,
    command: `${command} ${name}`,
    timeoutMs: lockTimeoutMs,
    onWait: (holder: string) => host.report.line(`Waiting for ${holder}...`),
  };
}
