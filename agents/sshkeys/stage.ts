import { oneLine } from "../command/one-line.ts";
import { readFlavour } from "../flavour/read-flavour.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { runChecked } from "../kernel/run-checked.ts";
import type { BootOptions } from "../settings/boot-options.ts";
import type { Stage, StageContext, StageOutcome } from "../stage/stage.ts";
import { mebibyte } from "../units/bytes.ts";
import { applyHostKeys } from "./apply.ts";
import { hostKeyTypes, privateName } from "./host-keys.ts";
import { allowPasswords } from "./passwords.ts";
import { planHostKeys, stepText } from "./plan.ts";
import {
  type GivenKey,
  type GivenKeys,
  readGivenKeys,
  writeGivenKeys,
} from "./sources/given-keys.ts";
import { openStore, readStored, type Store, serveKey, sshdFolder } from "./store.ts";
import { readUserKeys, startsWithMark, type UserKeys, writeRootKeys } from "./user-keys.ts";

const sshdPidPath = "/run/sshd.pid";

/** Host keys and everybody's authorized keys, in place before sshd greets anybody. */
export const sshkeysStage: Stage = {
  name: "sshkeys",
  needs: ["automount", "settings", "mounts"],
  // A data disk that still comes may have the keys that this host is known by.
  settled: ["automount"],
  deadlineMs: 25_000,
  run: (context) => runSshkeys(context),
  onFailure: ({ kernel, options }) => plainKeys(kernel, options.user),
};

/** What of the boot options is about keys. */
export type KeyOptions = Pick<BootOptions, "user" | "keys" | "passwordLogin">;

/** As the stage; `later`, given to `onLater`, ends when the slow keys are made too. */
export async function runSshkeys(
  context: Pick<StageContext, "kernel" | "notes"> & { options: KeyOptions },
  onLater: (later: Promise<void>) => void = () => undefined,
): Promise<StageOutcome> {
  const { kernel, notes, options } = context;
  const flavour = await readFlavour(kernel, options.user);
  const store = openStore(kernel, flavour.stateFolder);
  const user = readUserKeys(kernel, flavour.user);
  // Login comes first: a disk that fails while host keys are stored must not keep people out.
  writeRootKeys(kernel, user);
  notes.done.push(`give root ${count(user)} of ${user.path}`);
  const { stateFolder } = flavour;
  const given = await readGivenKeys(kernel, flavour.user, { stateFolder, keys: options.keys });
  const unseen = user.hasMark ? user.keys.map((key) => servedFor(user, key)) : [];
  writeGivenKeys(kernel, flavour.user, { keys: [...unseen, ...given.keys] });
  if (unseen.length > 0) {
    notes.done.push(`serve the keys of ${user.path} beside it: it starts with a byte order mark`);
  }
  if (given.keys.length > 0) {
    notes.done.push(`accept ${given.keys.length} keys that were given to this machine`);
  }
  const passwordWarnings = options.passwordLogin
    ? await allowPasswords(kernel, flavour.user.name, notes.done)
    : [];
  const stored = await readStored(kernel, store);
  const steps = planHostKeys(stored, store);
  notes.observed = {
    stored: Object.fromEntries(Object.entries(stored).map(([type, { state }]) => [type, state])),
    isOnDisk: store.isOnDisk,
    authorizedKeys: [
      ...user.keys.map(({ key, comment }) => ({ ...key, comment, from: user.path })),
      ...given.keys.map(({ key, comment, from }) => ({ ...key, comment, from })),
    ],
  };
  notes.plan = steps.map(stepText);
  const { warnings: hostKeyWarnings, later } = await applyHostKeys(
    kernel,
    store,
    steps,
    notes.done,
  );
  onLater(later);
  const isTemporary = !store.isOnDisk && steps.some((step) => step.do === "make");
  const all = [
    ...user.warnings.map((line) => `${user.path}: ${line}`),
    ...given.warnings,
    ...hostKeyWarnings,
  ];
  const keys = [...user.keys, ...given.keys].length;
  if (keys === 0 && !options.passwordLogin) {
    all.push(`no key in ${user.path} and none from elsewhere: nobody can log in over SSH`);
  }
  all.push(...passwordWarnings);
  if (isTemporary) {
    kernel.tellConsole(
      "sshkeys: the host keys are new and temporary: no data disk has any or keeps them",
    );
  }
  for (const warning of all) {
    kernel.tellConsole(`sshkeys: ${warning}`);
  }
  const which = howMany(user.keys, given.keys);
  return {
    result: "ok",
    message: [`${which}; host keys ${whereKept(store, isTemporary)}`, ...all].join("; "),
  };
}

function whereKept(store: Store, isTemporary: boolean): string {
  if (store.isOnDisk) {
    return `kept in ${store.stateFolder}`;
  }
  return isTemporary
    ? "temporary, in RAM: they change on every boot"
    : "of the data disk, read ahead of its mount";
}

/** A key of the user's own file, for the place of those that are handed in. */
function servedFor({ path }: UserKeys, key: UserKeys["keys"][number]): GivenKey {
  return { ...key, for: "user", from: path };
}

/** "3 authorized keys (also from NoCloud disk /dev/sr0)" */
function howMany(own: UserKeys["keys"], given: GivenKeys["keys"]): string {
  const origins = [...new Set(given.map(({ from }) => from))];
  const also = origins.length === 0 ? "" : ` (also from ${origins.join(", ")})`;
  return `${count({ keys: [...own, ...given] })}${also}`;
}

/** Once more, for a data disk that came after sshd had to be started. */
export async function bringKeysLate({ kernel, options }: StageContext): Promise<string> {
  const notes = { observed: null, plan: null, done: [] };
  const { message } = await runSshkeys({ kernel, options, notes });
  reloadSshd(kernel);
  return `keys of a late data disk: ${message}`;
}

/** sshd reads its host keys anew; open connections go on. */
export function reloadSshd(kernel: Kernel): void {
  const pid = Number(kernel.readTextIfPresent(sshdPidPath)?.trim());
  if (pid > 1) {
    kernel.signal(pid, "SIGHUP");
  }
}

function count({ keys }: Pick<UserKeys, "keys">): string {
  return keys.length === 1 ? "1 authorized key" : `${keys.length} authorized keys`;
}

/** The stored host keys or any, and the user's file as it is: sshd itself checks its lines. */
async function plainKeys(kernel: Kernel, userName: string): Promise<string> {
  await serveStored(kernel, userName);
  const path = `${sshdFolder}/${privateName("ed25519")}`;
  if (!hostKeyTypes.some((type) => kernel.exists(`${sshdFolder}/${privateName(type)}`))) {
    await runChecked(kernel, ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path]);
    kernel.tellConsole("sshkeys: the host key is new and temporary: it is lost at the next boot");
  }
  const home = `/home/${userName}`;
  const bytes = kernel.withFolderBeneath(home, ".ssh", (folder) =>
    kernel.readNoFollow(`${folder}/authorized_keys`, mebibyte),
  );
  if (bytes === undefined) {
    return "a host key is there, authorized keys are not";
  }
  kernel.mkdir("/root/.ssh", { mode: 0o700 });
  const content = startsWithMark(bytes) ? bytes.subarray(3) : bytes;
  kernel.writeAtomic("/root/.ssh/authorized_keys", content, { mode: 0o600 });
  return "a host key is there, and the user's keys are copied unchecked";
}

/** Those that are sound, as far as they can be read: what failed may have been just that. */
async function serveStored(kernel: Kernel, userName: string): Promise<void> {
  try {
    const flavour = await readFlavour(kernel, userName);
    const stored = await readStored(kernel, openStore(kernel, flavour.stateFolder));
    for (const type of hostKeyTypes) {
      const found = stored[type];
      if (found.state === "sound") {
        serveKey(kernel, found.key);
      }
    }
  } catch (error) {
    kernel.tellKernelLog(`sshkeys: ${oneLine(error)}`);
  }
}
