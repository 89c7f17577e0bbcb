import { MachineError } from "../../error/machine-error.ts";
import { runProgram } from "../../program/run.ts";
import { isUserNetwork, type Settings } from "../../store/driver-config.ts";
import type { Machine } from "../../store/machines.ts";
import type { Report } from "../contract/driver.ts";
import type { ServedShare } from "./share-devices.ts";

/** Who the guest's user is: what it writes belongs to the person here, and the other way round. */
export const guestUser = { uid: 1000, gid: 50 };

const trialTimeoutMs = 10_000;
/** Below this a port takes a privilege that a namespace of one's own doesn't give (ip(7)). */
const unprivilegedPort = 1024;

/** What decides whether QEMU needs a user namespace. */
export interface OwnerFacts {
  readonly uid: number;
  readonly gid: number;
  readonly shares: readonly ServedShare[];
  readonly network: Settings<"qemu">["Network"];
  readonly ports: readonly number[];
}

/**
 * Whether QEMU's own file server should run in a user namespace, where the person has the number of
 * the guest's user: "no" when nothing is to be translated, "can't" when QEMU needs privileges.
 */
export function planOwnerMap(facts: OwnerFacts): "yes" | "no" | "can't" {
  const isNeeded = facts.shares.some(({ transport }) => transport.kind === "9p");
  if (!isNeeded || (facts.uid === guestUser.uid && facts.gid === guestUser.gid)) {
    return "no";
  }
  const needsPrivilege =
    !isUserNetwork(facts.network) || facts.ports.some((port) => port < unprivilegedPort);
  return needsPrivilege ? "can't" : "yes";
}

const unshare = [
  "unshare",
  "--user",
  `--map-user=${guestUser.uid}`,
  `--map-group=${guestUser.gid}`,
];

/** The words before QEMU's own; none where owners need no translation, or can't be translated. */
export async function ownerMapWords(
  machine: Machine<"qemu">,
  shares: readonly ServedShare[],
  report: Report,
): Promise<string[]> {
  const { Network, SSHPort, Publish } = machine.config.Driver;
  const uid = process.getuid?.() ?? guestUser.uid;
  const plan = planOwnerMap({
    uid,
    gid: process.getgid?.() ?? guestUser.gid,
    shares,
    network: Network,
    ports: [SSHPort, ...Publish.map((port) => port.HostPort)],
  });
  if (plan === "no") {
    return [];
  }
  if (plan === "yes" && (await canUnshare())) {
    return unshare;
  }
  report.warn(
    `Shared folders keep this host's owners in "${machine.name}": what belongs to uid ${uid} here, only root can write there.`,
  );
  return [];
}

async function canUnshare(): Promise<boolean> {
  const [program = "", ...args] = unshare;
  try {
    const trial = await runProgram(program, [...args, "true"], { timeoutMs: trialTimeoutMs });
    return trial.exitCode === 0;
  } catch (error) {
    if (error instanceof MachineError) {
      return false;
    }
    throw error;
  }
}
