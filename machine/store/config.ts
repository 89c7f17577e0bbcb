import { basename, join } from "node:path";
import * as z from "zod";
import { Failure } from "../failure/failure.ts";
import { genericConfig, noneConfig, qemuConfig, virtualboxConfig } from "./driver-config.ts";
import { unknownMachine } from "./name.ts";
import { readIfThere } from "./read-file.ts";
import { writeFileAtomic } from "./write-file.ts";

/** The keys in the order in which clients print them. */
function config<N extends string, D extends z.ZodType>(driverName: N, driver: D) {
  return z.looseObject({
    ConfigVersion: z.literal(3),
    Driver: driver,
    DriverName: z.literal(driverName),
    HostOptions: hostOptions,
    Name: z.string(),
  });
}

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

const configs = {
  qemu: config("qemu", qemuConfig),
  generic: config("generic", genericConfig),
  none: config("none", noneConfig),
  virtualbox: config("virtualbox", virtualboxConfig),
};

const machineConfig = z.discriminatedUnion("DriverName", [
  configs.qemu,
  configs.generic,
  configs.none,
  configs.virtualbox,
]);

interface Configs {
  qemu: z.infer<typeof configs.qemu>;
  generic: z.infer<typeof configs.generic>;
  none: z.infer<typeof configs.none>;
  virtualbox: z.infer<typeof configs.virtualbox>;
}

/** A machine's config.json. */
export type MachineConfig = z.infer<typeof machineConfig>;

/** The names of the drivers. */
export type DriverName = keyof Configs;

/** The config of one driver's machines. */
export type ConfigOf<N extends DriverName> = Configs[N];

/** The labels of a machine, as `key=value`. */
export function labelsOf(config: MachineConfig): readonly string[] {
  return config.HostOptions.EngineOptions?.Labels ?? [];
}

/** Checks the text of a config.json. Throws a {@link Failure} that names the file and the key. */
export function parseConfig(text: string, path: string): MachineConfig {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Failure(`${path} is not JSON: restore it, or remove the machine's folder.`, {
      cause: error,
    });
  }
  return checkConfig(value, path);
}

/** Checks a config that was put together. Throws a {@link Failure} that names the file and the key. */
export function checkConfig(value: unknown, path: string): MachineConfig {
  const result = machineConfig.safeParse(value);
  if (!result.success) {
    const issue = result.error.issues[0];
    const key = issue === undefined ? "" : issue.path.join(".");
    const found = issue?.message ?? "not understood";
    throw new Failure(`${path}: ${key === "" ? "the file" : key}: ${found}`, {
      cause: result.error,
    });
  }
  return result.data;
}

/** Reads the config.json of a machine. Throws {@link unknownMachine} when there is none. */
export async function readConfig(path: string, name: string): Promise<MachineConfig> {
  let text: string | undefined;
  try {
    text = await readIfThere(path);
  } catch (error) {
    throw new Failure(`${path} can't be read: ${messageOf(error)}`, { cause: error });
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
