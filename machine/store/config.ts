import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import * as z from "zod";
import { Failure, systemErrorCode } from "../failure.ts";
import { unknownMachine } from "./name.ts";
import { writeFileAtomic } from "./write-file.ts";

const port = z.int().min(1).max(65535);

/** The smallest memory that runs a container. */
export const MEMORY_MIN_MIB = 256;
/** An ext4 filesystem with room for one small container image. */
export const DISK_MIN_MIB = 256;

/**
 * What the file says of a machine run by QEMU. The names are those of the podman-machine that
 * existed before, so that either program's machines can be read by the other; what it doesn't
 * know has a default here that means what it did.
 */
const qemuDriver = z.looseObject({
  IPAddress: z.string().default("127.0.0.1"),
  SSHUser: z.string().min(1).default("tc"),
  SSHPort: port,
  /** True when the person chose the port: then it is never changed for a free one. */
  SSHPortFixed: z.boolean().default(false),
  SSHKeyPath: z.string().default("id_rsa"),
  /** Range MIN-MAX for chosen ports, or empty. */
  LocalPorts: z.string().default(""),
  /** MiB. */
  Memory: z.int().min(1),
  /** MiB; the disk has this size beyond the archive with the key. */
  DiskSize: z.int().min(1),
  CPU: z.int().min(1),
  /** The QEMU to run; empty: the one for the image's architecture. */
  Program: z.string().default(""),
  /** Kernel and initrds given to QEMU, or the ISO in an emulated CD drive. */
  Boot: z.enum(["kernel", "iso"]).default("iso"),
  /** Folder of the image; empty: the machine's own folder, where older machines keep their ISO. */
  Image: z.string().default(""),
  Accelerator: z.enum(["auto", "kvm", "tcg"]).default("auto"),
  /** More words for the kernel command line. */
  KernelArguments: z.string().default(""),
});

const machineConfig = z.looseObject({
  ConfigVersion: z.literal(3),
  Driver: qemuDriver,
  DriverName: z.literal("qemu"),
  HostOptions: z.looseObject({}).default({}),
  Name: z.string(),
});

/** A machine's config.json. */
export type MachineConfig = z.infer<typeof machineConfig>;

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
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") {
      throw unknownMachine(name);
    }
    throw new Failure(`${path} can't be read: ${messageOf(error)}`, { cause: error });
  }
  return parseConfig(text, path);
}

/** Writes a config.json that only its owner reads: it names keys and ports. */
export function writeConfig(path: string, config: MachineConfig): Promise<void> {
  return writeFileAtomic(path, `${JSON.stringify(config, null, 4)}\n`, 0o600);
}

/** The private key of a machine: the file lies in its folder wherever the store was moved to. */
export function keyPath(folder: string, config: MachineConfig): string {
  return join(folder, basename(config.Driver.SSHKeyPath));
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
