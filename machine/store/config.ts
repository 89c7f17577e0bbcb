import { basename, join } from "node:path";
import * as z from "zod";
import { MachineError } from "../error/machine-error.ts";
import { asMachineError } from "../error/system-failure.ts";
import { type DriverName, driverSettings, readSettings, type Settings } from "./driver-config.ts";
import { unknownMachine } from "./name.ts";
import { readIfThere, withoutMark } from "./read-file.ts";
import { writeFileAtomic } from "./write-file.ts";

const hostOptions = z
  .looseObject({
    /** Labels lie where the machines of docker-machine have them. */
    EngineOptions: z.looseObject({ Labels: z.array(z.string()).nullish() }).nullish(),
    /** Whose podman `env` and the connection lead to: root's, or the user's. */
    Rootful: z.boolean().default(true),
    /** Whether podman and ssh of this host are told of the machine. */
    Connection: z.boolean().default(false),
  })
  .default({ Rootful: true, Connection: false });

/** The keys in the order in which clients print them. */
function configWith<N extends DriverName, D extends z.ZodType>(driverName: N, driver: D) {
  return z.looseObject({
    ConfigVersion: z.literal(3),
    Driver: driver,
    DriverName: z.literal(driverName),
    HostOptions: hostOptions,
    Name: z.string(),
  });
}

const { qemu, generic, none, virtualbox } = driverSettings;

/** What is read: keys that we don't know are kept. */
const readSchema = z.discriminatedUnion("DriverName", [
  configWith("qemu", readSettings.qemu),
  configWith("generic", readSettings.generic),
  configWith("none", readSettings.none),
  configWith("virtualbox", readSettings.virtualbox),
]);

/** What is put together here: a key that we don't know is a mistake. */
const newSchema = z.discriminatedUnion("DriverName", [
  configWith("qemu", qemu),
  configWith("generic", generic),
  configWith("none", none),
  configWith("virtualbox", virtualbox),
]);

interface Config<N extends DriverName> {
  readonly ConfigVersion: 3;
  readonly Driver: Settings<N>;
  readonly DriverName: N;
  readonly HostOptions: HostOptions;
  readonly Name: string;
}

type Configs = { [N in DriverName]: Config<N> };

/** What config.json says of a machine beside its driver. */
export interface HostOptions {
  readonly EngineOptions?: { readonly Labels?: string[] | null | undefined } | null | undefined;
  readonly Rootful: boolean;
  readonly Connection: boolean;
}

/** The config of one driver's machines. */
export type ConfigOf<N extends DriverName> = Configs[N];

/** A machine's config.json. Keys that it has beside these are kept, and nobody's business here. */
export type MachineConfig = ConfigOf<DriverName>;

/** The labels of a machine, as `key=value`. */
export function labelsOf(config: MachineConfig): readonly string[] {
  return config.HostOptions.EngineOptions?.Labels ?? [];
}

/** Checks the text of a config.json. Throws a {@link MachineError} that names the file and the key. */
export function parseConfig(text: string, path: string): MachineConfig {
  let value: unknown;
  try {
    value = JSON.parse(withoutMark(text));
  } catch (error) {
    throw new MachineError(`${path} is not JSON: restore it, or remove the machine's folder.`, {
      cause: error,
    });
  }
  return checkConfig(value, path);
}

/**
 * Checks a config that was read, or that was and is changed; keys that we don't know stay. Throws a {@link MachineError}
 * that names the file and the key.
 */
export function checkConfig(value: unknown, path: string): MachineConfig {
  return checked(readSchema.safeParse(value), path);
}

/** Checks the config of a new machine. Throws a {@link MachineError} that names the key, for one that we don't know too. */
export function checkNewConfig(value: unknown, path: string): MachineConfig {
  return checked(newSchema.safeParse(value), path);
}

function checked<T>(result: z.ZodSafeParseResult<T>, path: string): T {
  if (!result.success) {
    throw wrongKey(result.error, path);
  }
  return result.data;
}

/** The error for what a schema found wrong first. */
export function wrongKey(error: z.ZodError, path: string): MachineError {
  const issue = error.issues[0];
  const key = issue === undefined ? "" : issue.path.join(".");
  const found = issue?.message ?? "can't be parsed";
  return new MachineError(`${path}: ${key === "" ? "the file" : key}: ${found}`, { cause: error });
}

/** Reads the config.json of a machine. Throws {@link unknownMachine} when there is none. */
export async function readConfig(path: string, name: string): Promise<MachineConfig> {
  let text: string | undefined;
  try {
    text = await readIfThere(path);
  } catch (error) {
    const known = asMachineError(error);
    throw known instanceof MachineError
      ? known
      : new MachineError(`${path} can't be read: ${messageOf(error)}`, { cause: error });
  }
  if (text === undefined) {
    throw unknownMachine(name);
  }
  return parseConfig(text, path);
}

/** Writes a config.json that only its owner reads: it names keys and ports. */
export function writeConfig(path: string, config: MachineConfig): Promise<void> {
  return writeFileAtomic(path, `${JSON.stringify(config, null, 4)}\n`, 0o600);
}

/**
 * The private key of a machine; undefined where ssh's own keys serve. The file lies in its folder wherever the store
 * was moved to.
 */
export function keyPath(folder: string, config: MachineConfig): string | undefined {
  const { SSHKeyPath } = config.Driver;
  return SSHKeyPath === "" ? undefined : join(folder, basename(SSHKeyPath));
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
