import { oneLine } from "../../command/one-line.ts";
import { sha256 } from "../../digest/sha256.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import type { SystemPath } from "../../kernel/system-path.ts";
import { ignitionRecordPath } from "../model/places.ts";
import type { Provision } from "../model/provision.ts";
import { applyEntries } from "./apply-entries.ts";
import type { Entry } from "./ignition.ts";
import { keepApplied, lasts, layLasting, readApplied } from "./lasting.ts";
import { planAccounts } from "./plan-accounts.ts";
import { type IgnitionPlan, ignitionText, planIgnition } from "./plan-ignition.ts";
import { readIgnition } from "./read-ignition.ts";

/** Where sshd looks for keys besides ~/.ssh (its AuthorizedKeysFile). The agent sshkeys has those of root and the user. */
const keysFolder = "/etc/ssh/authorized_keys.d";

/** A config on its way. */
export interface Ignited {
  plan: IgnitionPlan;
  /** Accounts, and who is let in; the machine's user has his name already. */
  makeAccounts(): void;
  /** All else, when the data disk is there. */
  makeEntries(around: Around): EntriesMade;
}

/** What the boot does for an Ignition config, since it knows how. */
export interface Around {
  /** Does `lay`, and binds there again what was mounted in the folder before. */
  rebind(folder: string, lay: () => void): void;
}

/** For the stage's record. */
export interface EntriesMade {
  done: string[];
  message: string;
  warnings: string[];
}

/**
 * Reads a config and decides what it means here. A program of its own beside the agents', as text: few machines have
 * one, and compiled it would take four times the room. Its errors are caught by their messages, since the classes of
 * the agents' program are others than its own.
 */
export function ignite(kernel: Kernel, bytes: Uint8Array, from: string): Ignited {
  const plan = planIgnition(readIgnition(bytes));
  const config = sha256(bytes).toString("hex");
  return {
    plan,
    makeAccounts() {
      const warnings = [...plan.warnings];
      try {
        warnings.push(...makeAccounts(kernel, plan));
      } catch (error) {
        warnings.push(`accounts: ${oneLine(error)}`);
      }
      writeProvision(kernel, plan, from, warnings);
    },
    makeEntries: (around) => makeEntries(kernel, plan, config, around),
  };
}

function makeAccounts(kernel: Kernel, plan: IgnitionPlan): readonly string[] {
  const sshd = "/etc/ssh/sshd_config";
  const files = {
    passwd: kernel.readText("/etc/passwd"),
    group: kernel.readText("/etc/group"),
    shadow: kernel.readText("/etc/shadow"),
    sshd: kernel.readText(sshd),
  };
  const accounts = planAccounts(files, plan);
  // The groups first: nobody is in one that isn't there.
  kernel.writeAtomic("/etc/group", accounts.group);
  kernel.writeAtomic("/etc/shadow", accounts.shadow, { mode: 0o600 });
  kernel.writeAtomic("/etc/passwd", accounts.passwd);
  kernel.writeAtomic(sshd, accounts.sshd);
  const made = new Set(accounts.homes.map(({ name }) => name));
  for (const { name, keys } of plan.others.filter((other) => made.has(other.name))) {
    kernel.mkdir(keysFolder);
    kernel.writeAtomic(`${keysFolder}/${name}`, keys.map((key) => `${key}\n`).join(""));
  }
  for (const { home, uid, gid } of accounts.homes) {
    kernel.mkdirBeneath("/", home.slice(1), { mode: 0o755, owner: { uid, gid } });
    kernel.withFolderBeneath("/", home.slice(1), (path) => kernel.chown(`${path}/.`, { uid, gid }));
  }
  return accounts.warnings;
}

/** What the other agents take of it, in the form in which they take it of every source. */
function writeProvision(
  kernel: Kernel,
  { keys, others, hostname, notHonoured }: IgnitionPlan,
  from: string,
  warnings: readonly string[],
): void {
  const elsewhere = new Set(others.map(({ name }) => name));
  const users = keys
    .filter(({ name }) => !elsewhere.has(name))
    .map((user) => ({ name: user.name, keys: user.keys }));
  const provision: Provision = {
    from,
    users,
    hostname,
    network: undefined,
    notHonoured,
    warnings,
  };
  kernel.writeAtomic(ignitionRecordPath, `${JSON.stringify(provision)}\n`, { mode: 0o600 });
}

function makeEntries(
  kernel: Kernel,
  plan: IgnitionPlan,
  config: string,
  { rebind }: Around,
): EntriesMade {
  const warnings = layLasting(kernel, rebind);
  const before = readApplied(kernel);
  const isAgain = before?.config === config;
  const ours = new Set(before?.paths ?? []);
  const kept = plan.entries.filter(({ path }) => isAgain && lasts(kernel, path));
  const made = plan.entries
    .filter((entry) => !kept.includes(entry))
    .map((entry) => withContainersIds(kernel, entry));
  const applied = applyEntries(kernel, made, (path) => ours.has(path));
  warnings.push(...applied.warnings);
  if (!isAgain) {
    keepApplied(kernel, { config, paths: plan.entries.map(({ path }) => path) });
  }
  const again = isAgain ? `; ${kept.length} are as they were left` : "";
  return { done: applied.done, message: `${ignitionText(plan)}${again}`, warnings };
}

/** Ids that root's --userns=auto needs (containers-storage.conf(5)) stay where a config brings a list of its own. */
function withContainersIds(kernel: Kernel, entry: Entry): Entry {
  if (entry.kind !== "file" || !/^\/etc\/sub[ug]id$/.test(entry.path)) {
    return entry;
  }
  const content = entry.content ?? Buffer.alloc(0);
  const before = kernel.readTextIfPresent(entry.path as SystemPath) ?? "";
  const ofContainers = before.split("\n").filter((line) => line.startsWith("containers:"));
  const missing = ofContainers.filter((line) => !content.includes(line));
  return {
    ...entry,
    content: Buffer.concat([content, ...missing.map((line) => Buffer.from(`${line}\n`))]),
  };
}
