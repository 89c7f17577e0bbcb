import { findUser } from "../../accounts/find-user.ts";
import { bindApart } from "../../kernel/bind-apart.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { KernelError } from "../../kernel/kernel-error.ts";
import type { MountEntry } from "../../kernel/mounts.ts";
import { runChecked } from "../../kernel/run-checked.ts";
import type { BootOptions } from "../../settings/boot-options.ts";
import type { Stage } from "../../stage/stage.ts";

/** The group of the people who may install things below /opt. */
const staffGid = 50;

/** Whether anybody asked for it: otherwise the boot doesn't have the stage at all. */
export function wantsFolders({ homePartition, optPartition }: BootOptions): boolean {
  return homePartition !== undefined || optPartition !== undefined;
}

/** The options home= and opt=: /home and /opt are folders of a partition. It is mounted, and never formatted. */
export const foldersStage: Stage = {
  name: "folders",
  needs: ["automount", "devices"],
  deadlineMs: 30_000,
  async run({ kernel, options, notes }) {
    const messages: string[] = [];
    for (const [name, partition] of [
      ["home", options.homePartition],
      ["opt", options.optPartition],
    ] as const) {
      if (partition === undefined) {
        continue;
      }
      const base = await mountedAt(kernel, await nodeOf(kernel, partition));
      place(kernel, base, name);
      if (name === "home") {
        ownHome(kernel, base, options.user);
      }
      notes.done.push(`bind ${base}/${name} on /${name}`);
      messages.push(`/${name} is ${base}/${name}`);
    }
    return { result: "ok", message: messages.join("; ") };
  },
};

/** The device of sda1, /dev/sda1, LABEL=x or UUID=x. */
async function nodeOf(kernel: Kernel, partition: string): Promise<string> {
  if (partition.includes("=")) {
    return (await runChecked(kernel, ["findfs", partition])).trim();
  }
  const node = partition.startsWith("/dev/") ? partition : `/dev/${partition}`;
  if (kernel.stat(node)?.kind !== "block") {
    throw new KernelError("find", node, "ENOENT");
  }
  return node;
}

/** Where its filesystem is mounted, by automount or now. */
async function mountedAt(kernel: Kernel, node: string): Promise<string> {
  const found = kernel.mounts().find(({ source, root }) => source === node && root === "/");
  if (found !== undefined) {
    return found.target;
  }
  const type = (await runChecked(kernel, ["blkid", "-o", "value", "-s", "TYPE", node])).trim();
  const target = `/mnt/${node.slice(node.lastIndexOf("/") + 1)}`;
  kernel.mkdir(target);
  kernel.mount({ source: node, target, type, flags: ["nosuid", "nodev", "noatime"] });
  return target;
}

/** Binds the folder over ours; what was mounted below ours (keys, containers) is bound there again. */
export function place(kernel: Kernel, base: string, name: "home" | "opt"): void {
  const owner = { uid: 0, gid: name === "opt" ? staffGid : 0 };
  kernel.mkdirBeneath(base, name, { mode: name === "opt" ? 0o775 : 0o755, owner });
  rebind(kernel, `/${name}`, () => bindApart(kernel, `${base}/${name}`, `/${name}`));
}

/** Does `lay`, which mounts something on the folder, and binds there again what was mounted below it. */
export function rebind(kernel: Kernel, folder: string, lay: () => void): void {
  const mounts = kernel.mounts();
  lay();
  const owner = { uid: 0, gid: 0 };
  for (const mount of mounts.filter(({ target }) => target.startsWith(`${folder}/`))) {
    const source = sourceOf(mount, mounts);
    if (source === undefined) {
      continue;
    }
    const owned = kernel.stat(source);
    const ownership = { mode: owned?.mode ?? 0o755, owner: owned ?? owner };
    kernel.mkdirBeneath("/", mount.target.slice(1), ownership);
    bindApart(kernel, source, mount.target);
  }
}

/** The folder that a bind shows, where its whole filesystem is mounted. */
function sourceOf(bind: MountEntry, mounts: readonly MountEntry[]): string | undefined {
  const whole = mounts.find(({ device, root }) => device === bind.device && root === "/");
  return whole === undefined || whole === bind ? undefined : `${whole.target}${bind.root}`;
}

/** The home folder in `base`, made and given to the user. */
export function ownHome(kernel: Kernel, base: string, userName: string): void {
  const user = findUser(kernel, userName);
  if (user === undefined) {
    return;
  }
  const owner = { uid: user.uid, gid: user.gid };
  kernel.mkdirBeneath(`${base}/home`, userName, { mode: 0o755, owner });
  kernel.withFolderBeneath(`${base}/home`, userName, (path) => kernel.chown(`${path}/.`, owner));
}
