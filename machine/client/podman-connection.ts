import { access } from "node:fs/promises";
import { basename, dirname } from "node:path";
import * as z from "zod";
import { MachineError } from "../error/machine-error.ts";
import { findProgram } from "../program/find.ts";
import { lastLine, type ProgramResult, runProgram } from "../program/run.ts";

/** A name under which podman of this host finds a podman elsewhere. */
export interface Connection {
  readonly name: string;
  readonly uri: string;
  readonly identity: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

const podmanTimeoutMs = 20_000;

const listed = z.array(
  z.object({ Name: z.string(), URI: z.string(), Identity: z.string().default("") }),
);

/** What has to be told to podman, and what a person has under such a name already. */
export interface ConnectionPlan {
  readonly add: readonly Connection[];
  readonly remove: readonly string[];
  /** Names that lead elsewhere: they are left alone. */
  readonly taken: readonly string[];
}

/**
 * Compares what podman knows with what it should know of a machine.
 *
 * @param folder of the machine: a connection whose key lies in there is the machine's own.
 * @param stale names that lead to a machine that is gone: they are this machine's to take.
 */
export function planConnections(
  known: readonly Connection[],
  wanted: readonly Connection[],
  folder: string,
  stale: ReadonlySet<string> = new Set(),
): ConnectionPlan {
  const isOurs = (one: Connection) => one.identity.startsWith(`${folder}/`) || stale.has(one.name);
  const remove = known.filter((one) => isOurs(one) && !wanted.some((w) => w.name === one.name));
  const add: Connection[] = [];
  const taken: string[] = [];
  for (const one of wanted) {
    const before = known.find((other) => other.name === one.name);
    if (before === undefined) {
      add.push(one);
    } else if (!isOurs(before)) {
      taken.push(one.name);
    } else if (before.uri !== one.uri || before.identity !== one.identity) {
      add.push(one);
    }
  }
  return { add, remove: remove.map((one) => one.name), taken };
}

/**
 * Tells podman of this host how to reach a machine; nothing when there is no podman here. Returns
 * lines about what could not be done: the machine works without.
 */
export async function connectPodman(
  environment: Environment,
  wanted: readonly Connection[],
  folder: string,
): Promise<string[]> {
  const program = await findPodman(environment);
  if (program === undefined) {
    return [];
  }
  const podman = (...args: string[]) =>
    runProgram(program, ["system", "connection", ...args], {
      timeoutMs: podmanTimeoutMs,
      environment,
    });
  const list = await podman("list", "--format", "json");
  const known = parseList(list);
  if (known === undefined) {
    return [`podman of this host can't list its connections: ${reasonOf(list)}`];
  }
  const plan = planConnections(known, wanted, folder, await staleNames(known, folder));
  const warnings = plan.taken.map(
    (name) =>
      `podman's connection "${name}" points elsewhere and was not changed: podman-machine env shows how to reach the machine.`,
  );
  for (const name of plan.remove) {
    const result = await podman("remove", name);
    if (result.exitCode !== 0) {
      warnings.push(`podman's connection "${name}" was not removed: ${reasonOf(result)}`);
    }
  }
  for (const { name, uri, identity } of plan.add) {
    const result = await podman("add", "--identity", identity, name, uri);
    if (result.exitCode !== 0) {
      warnings.push(`podman could not add the connection "${name}": ${reasonOf(result)}`);
    }
  }
  return warnings;
}

/**
 * The connections of a machine of this name whose store was deleted: they lead nowhere, so their
 * names are free.
 */
async function staleNames(
  known: readonly Connection[],
  folder: string,
): Promise<ReadonlySet<string>> {
  const names = await Promise.all(
    known.map(async ({ name, identity }) => {
      const isOfMachine = /\/machines\/[^/]+\/id_\w+$/.test(identity);
      const isNamesake = isOfMachine && basename(dirname(identity)) === basename(folder);
      return isNamesake && !(await isThere(identity)) ? [name] : [];
    }),
  );
  return new Set(names.flat());
}

/** Whether the file is there and can be looked at; a key that can't serves nobody. */
function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

async function findPodman(environment: Environment): Promise<string | undefined> {
  try {
    return await findProgram("podman", environment.PATH ?? "");
  } catch (error) {
    if (error instanceof MachineError) {
      return undefined;
    }
    throw error;
  }
}

function parseList(result: ProgramResult): Connection[] | undefined {
  if (result.exitCode !== 0) {
    return undefined;
  }
  try {
    // Podman 4 prints null, or nothing, for an empty list.
    const value: unknown = JSON.parse(result.stdout.trim() || "[]");
    return listed.parse(value ?? []).map(({ Name, URI, Identity }) => ({
      name: Name.replace(/\*$/, ""),
      uri: URI,
      identity: Identity,
    }));
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof z.ZodError) {
      return undefined;
    }
    throw error;
  }
}

function reasonOf(result: ProgramResult): string {
  return result.timedOut ? "no answer" : lastLine(result.stderr) || "it gave no reason";
}
