import type { User } from "../accounts/find-user.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { KernelError } from "../kernel/kernel-error.ts";
import { firmwareConfig, smbiosTable } from "./credentials/places.ts";
import { ignitionRecordPath } from "./model/places.ts";
import { emptyProvision, type Provision } from "./model/provision.ts";
import { disksInSight, findNoCloud } from "./nocloud/find-nocloud.ts";

/**
 * What all sources want this machine to be. Code for sources that are rarely there is loaded when they are. Never
 * throws for what it finds.
 */
export async function readProvisions(
  kernel: Kernel,
  user: Pick<User, "name" | "home">,
): Promise<Provision[]> {
  const noCloud = await provisionOfNoCloud(kernel);
  readWithout.set(kernel, noCloud === undefined);
  return [
    ...provisionOfIgnition(kernel),
    ...(await provisionsOfCredentials(kernel, user)),
    ...(noCloud === undefined ? [] : [noCloud]),
  ];
}

/** What the boot has read of an Ignition config, before anything else: who somebody is hangs on it. */
function provisionOfIgnition(kernel: Kernel): Provision[] {
  const text = kernel.readTextIfPresent(ignitionRecordPath);
  return text === undefined ? [] : [JSON.parse(text) as Provision];
}

/** Whether the last reading was without a NoCloud disk. */
const readWithout = new WeakMap<Kernel, boolean>();

/** Whether all sources have been read, and none of them was a NoCloud disk: one that is there now came later. */
export function wasReadWithoutNoCloud(kernel: Kernel): boolean {
  return readWithout.get(kernel) === true;
}

/** The name that an Ignition config or a NoCloud disk gives the host. */
export async function provisionedHostname(kernel: Kernel): Promise<string | undefined> {
  const [ignition] = provisionOfIgnition(kernel);
  return ignition?.hostname ?? (await provisionOfNoCloud(kernel))?.hostname;
}

async function provisionsOfCredentials(
  kernel: Kernel,
  user: Pick<User, "name" | "home">,
): Promise<Provision[]> {
  const warnings: string[] = [];
  const mayBeThere = mayHoldCredentials(kernel, warnings);
  const failed = warnings.length === 0 ? [] : [{ ...emptyProvision("credentials"), warnings }];
  if (!mayBeThere) {
    return failed;
  }
  const { readCredentials } = await import("./credentials/read-credentials.ts");
  return [...readCredentials(kernel, user), ...failed];
}

/** A look that costs next to nothing, on every boot. */
function mayHoldCredentials(kernel: Kernel, warnings: string[]): boolean {
  if (kernel.exists(firmwareConfig)) {
    return true;
  }
  if (!kernel.exists(smbiosTable)) {
    return false;
  }
  try {
    return Buffer.from(kernel.read(smbiosTable)).includes("io.systemd.credential");
  } catch (error) {
    if (!(error instanceof KernelError)) {
      throw error;
    }
    warnings.push(error.message);
    return false;
  }
}

/** What was read for which disks: several agents ask, and none of the disks changes meanwhile. */
const readBefore = new WeakMap<Kernel, { disks: string; provision: Provision }>();

/**
 * What a NoCloud disk wants; undefined without such a disk. It is read once for each set of disks, when all of it
 * could be read.
 */
export async function provisionOfNoCloud(kernel: Kernel): Promise<Provision | undefined> {
  const disks = disksInSight(kernel);
  const before = readBefore.get(kernel);
  if (before?.disks === disks) {
    return before.provision;
  }
  const disk = findNoCloud(kernel);
  if (disk === undefined) {
    return undefined;
  }
  const { readNoCloud } = await import("./nocloud/nocloud.ts");
  const provision = readNoCloud(kernel, disk);
  if (provision.warnings.length === 0) {
    readBefore.set(kernel, { disks, provision });
  }
  return provision;
}
