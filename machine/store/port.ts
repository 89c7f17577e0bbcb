import { readdir, readFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { systemErrorCode } from "../../system-error.ts";
import { MachineError, UsageError } from "../error/machine-error.ts";
import { parseConfig } from "./config.ts";
import { machinesFolder } from "./machine-files.ts";

/** The address every forwarded port is bound to: a machine is nobody else's business. */
export const loopback = "127.0.0.1";

/** Ports a machine may use, both ends included. */
export interface PortRange {
  readonly min: number;
  readonly max: number;
}

/** Reads MIN-MAX; undefined for an empty text, which means any port. */
export function parsePortRange(text: string): PortRange | undefined {
  if (text === "") {
    return undefined;
  }
  const match = /^(\d{1,5})-(\d{1,5})$/.exec(text);
  const min = Number(match?.[1]);
  const max = Number(match?.[2]);
  if (match === null || min < 1 || max > 65535 || max < min) {
    throw new UsageError(`Invalid port range "${text}": expected MIN-MAX, such as 2200-2299.`);
  }
  return { min, max };
}

/** The error for a port that another program listens on. */
export function portTaken(name: string, port: number, cause?: unknown): MachineError {
  return new MachineError(
    `Port ${port} of ${loopback}, the SSH port of "${name}", is taken by another program: end that program, or create the machine with another --ssh-port.`,
    { cause },
  );
}

/** Whether a program could listen on this port of an address of this host now. */
export async function isPortFree(port: number, host: string = loopback): Promise<boolean> {
  return (await bind(port, host)) !== undefined;
}

/**
 * A free port that no other machine, running or stopped, is going to want.
 * Call it while holding the store's port lock, and write the config before releasing that.
 */
export async function chooseFreePort(store: string, range: PortRange | undefined): Promise<number> {
  const taken = await portsOfMachines(store);
  for (const port of candidates(range)) {
    const bound = taken.has(port) ? undefined : await bind(port);
    if (bound !== undefined && !taken.has(bound)) {
      return bound;
    }
  }
  const where = range === undefined ? "" : ` from ${range.min} to ${range.max}`;
  throw new MachineError(`No port${where} of ${loopback} is free: choose another with --ssh-port.`);
}

/** Port 0 lets the kernel choose; several tries, since it may choose one that a machine owns. */
function candidates(range: PortRange | undefined): number[] {
  if (range === undefined) {
    return Array.from({ length: 20 }, () => 0);
  }
  return Array.from({ length: range.max - range.min + 1 }, (_, index) => range.min + index);
}

/** The ports in the config of every machine, those being made included. */
async function portsOfMachines(store: string): Promise<Set<number>> {
  const folder = machinesFolder(store);
  const names = await readdir(folder).catch((error: unknown) => {
    if (systemErrorCode(error) === "ENOENT") {
      return [];
    }
    throw error;
  });
  const ports = new Set<number>();
  for (const name of names) {
    const path = join(folder, name, "config.json");
    try {
      ports.add(parseConfig(await readFile(path, "utf8"), path).Driver.SSHPort);
    } catch (error) {
      // A machine without a sound config can't be started, so it takes no port.
      if (!(error instanceof MachineError) && !isAbsent(error)) {
        throw error;
      }
    }
  }
  return ports;
}

function isAbsent(error: unknown): boolean {
  const code = systemErrorCode(error);
  return code === "ENOENT" || code === "ENOTDIR";
}

function bind(port: number, host: string = loopback): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.on("error", () => resolve(undefined));
    server.listen({ host, port, exclusive: true }, () => {
      const address = server.address();
      const bound = address !== null && typeof address === "object" ? address.port : undefined;
      server.close(() => resolve(bound));
    });
  });
}
