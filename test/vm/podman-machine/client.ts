import path from "node:path";
import { run } from "../harness/run.ts";

/** A machine of podman-machine, and the environment of whoever uses it from this host. */
export interface Client {
  env: NodeJS.ProcessEnv;
  machine: string;
  /** A folder of the test's own. */
  folder: string;
  /** A port of this host that leads to 8080 of the machine. */
  published: number;
}

/**
 * Each command of a client takes seconds under emulation, so that `npm test` has the ones that break each
 * by a cause of its own; B2P_CLIENTS=all runs every one as root and as the user.
 */
export const isWhole = process.env.B2P_CLIENTS === "all";

const repository = path.resolve(import.meta.dirname, "../../..");
export const program = path.join(repository, "machine/podman-machine");

/** Name of the image that the everyday work of podman builds, for whoever comes after it. */
export const image = "localhost/tools";

/** Runs podman-machine as that person. */
export function machine(client: Client, ...words: string[]) {
  return run([program, ...words], { env: client.env });
}

/** Runs a script in the machine, which must succeed; gives what it printed. */
export async function inGuest(client: Client, script: string): Promise<string> {
  const result = await machine(client, "ssh", client.machine, script);
  if (result.exitCode !== 0) {
    throw new Error(`${script}\n${result.stdout}\n${result.stderr}`);
  }
  return result.stdout;
}
