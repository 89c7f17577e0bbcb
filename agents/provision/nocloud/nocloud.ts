import { gunzipSync } from "node:zlib";
import { oneLine } from "../../command/one-line.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { KernelError } from "../../kernel/kernel-error.ts";
import { emptyProvision, type Provision } from "../model/provision.ts";
import { readCloudConfig } from "./cloud-config.ts";
import type { NoCloudDisk } from "./find-nocloud.ts";
import { readMetaData } from "./meta-data.ts";
import { readNetworkConfig } from "./network-config.ts";
import { readUserData } from "./user-data.ts";
import { isMap } from "./values.ts";
import { readYaml } from "./yaml.ts";

// A string: what is mounted here is nobody's whom we know (see SystemPath).
const mountPoint: string = "/run/boot2podman/cidata";
const maxFileBytes = 512 * 1024;
const fileNames = ["user-data", "meta-data", "vendor-data", "network-config"] as const;
type FileName = (typeof fileNames)[number];
type Files = Partial<Record<FileName, Buffer>>;

/** Reads a NoCloud disk. Never throws for what it finds: what can't be read gives a warning. */
export function readNoCloud(kernel: Kernel, disk: NoCloudDisk): Provision {
  const from = `NoCloud disk ${disk.node}`;
  const warnings: string[] = [];
  try {
    return provisionOf(from, readFiles(kernel, disk, warnings), warnings);
  } catch (error) {
    if (!(error instanceof KernelError)) {
      throw error;
    }
    return { ...emptyProvision(from), warnings: [...warnings, error.message] };
  }
}

/** The files in the disk's root folder, whatever the case of their names: plain ISO 9660 knows capitals only. */
function readFiles(kernel: Kernel, { node, type }: NoCloudDisk, warnings: string[]): Files {
  kernel.mkdir(mountPoint, { mode: 0o700 });
  kernel.mount({
    source: node,
    target: mountPoint,
    type,
    flags: ["ro", "nosuid", "nodev", "noexec"],
  });
  try {
    const names = kernel.listNoFollow(mountPoint);
    const files: Files = {};
    for (const file of fileNames) {
      const name = names.includes(file) ? file : names.find((one) => one.toLowerCase() === file);
      const bytes = name === undefined ? undefined : readFile(kernel, name, warnings);
      if (bytes !== undefined) {
        files[file] = bytes;
      }
    }
    return files;
  } finally {
    kernel.unmount(mountPoint);
  }
}

/** One that is longer than any that is meant is not read in part. */
function readFile(kernel: Kernel, name: string, warnings: string[]): Buffer | undefined {
  try {
    const bytes = kernel.readNoFollow(`${mountPoint}/${name}`, maxFileBytes + 1);
    if (bytes !== undefined && bytes.length > maxFileBytes) {
      warnings.push(`${name} is not read: it is longer than ${maxFileBytes / 1024} KiB`);
      return undefined;
    }
    return bytes === undefined ? undefined : Buffer.from(bytes);
  } catch (error) {
    if (!(error instanceof KernelError)) {
      throw error;
    }
    warnings.push(`${name} is not read: ${error.message}`);
    return undefined;
  }
}

/** What the files ask for; pure. */
export function provisionOf(from: string, files: Files, warnings: readonly string[]): Provision {
  const userData = readUserData(files["user-data"] ?? Buffer.alloc(0), (bytes, maxBytes) =>
    gunzipSync(bytes, { maxOutputLength: Math.max(1, maxBytes) }),
  );
  const configs = userData.configs.map(readCloudConfig);
  const about = (name: FileName) => (warning: string) => `${name}: ${warning}`;
  const all = [...warnings, ...userData.warnings.map(about("user-data"))];
  const document = readDocument(files, "meta-data", all);
  const meta = readMetaData(document);
  const { network, ...ofNetwork } = readNetworkConfig(readDocument(files, "network-config", all));
  all.push(...ofNetwork.warnings.map(about("network-config")));
  const hasVendorData = (files["vendor-data"]?.toString("latin1").trim() ?? "") !== "";
  return {
    from,
    users: [...configs.flatMap(({ users }) => users), ...meta.users],
    hostname: configs.findLast(({ hostname }) => hostname !== undefined)?.hostname ?? meta.hostname,
    network,
    notHonoured: [
      ...configs.flatMap(({ notHonoured }) => notHonoured),
      ...userData.notHonoured,
      ...meta.notHonoured.map((name) => `meta-data ${name}`),
      ...ofNetwork.notHonoured.map((name) => `network-config ${name}`),
      ...(hasVendorData ? ["vendor-data"] : []),
    ],
    warnings: all,
  };
}

/** A file that is one map; undefined, with a warning, where it is something else. */
function readDocument(files: Files, name: FileName, warnings: string[]): unknown {
  try {
    const document = readYaml((files[name]?.toString("utf8") ?? "").replace(/^\uFEFF/, ""));
    if (document === undefined || isMap(document)) {
      return document;
    }
    warnings.push(`${name}: it is not a map of names and values`);
  } catch (error) {
    warnings.push(`${name}: ${oneLine(error)}`);
  }
  return undefined;
}
