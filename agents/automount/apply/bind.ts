import type { Flavour } from "../../flavour/flavour.ts";
import { bindApart } from "../../kernel/bind-apart.ts";
import type { Owner } from "../../kernel/files.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import type { DiskStep } from "../plan/steps.ts";

const root: Owner = { uid: 0, gid: 0 };
type BindStep = Extract<DiskStep, { do: "bind" }>;

/**
 * Binds one folder of the data disk over one of the system; both are made when missing. No component of either
 * may be a link: what lies on a disk that was elsewhere must not lead us into other folders.
 */
export function bindFolder(
  kernel: Kernel,
  dataFolder: string,
  step: BindStep,
  flavour: Flavour,
): void {
  const owner = step.owner === "user" ? flavour.user : root;
  makeSource(kernel, dataFolder, step, { uid: owner.uid, gid: owner.gid });
  makeTarget(kernel, step, flavour);
  bindApart(kernel, `${dataFolder}/${step.from}`, step.to);
}

function makeSource(kernel: Kernel, dataFolder: string, step: BindStep, owner: Owner): void {
  const parent = parentOf(step.from);
  if (parent !== "") {
    kernel.mkdirBeneath(dataFolder, parent, { mode: 0o755, owner: root });
  }
  kernel.mkdirBeneath(dataFolder, step.from, { mode: step.mode, owner });
  if (step.owner === "root") {
    return;
  }
  kernel.withFolderBeneath(dataFolder, step.from, (path) => {
    // "." is the folder itself, where the path alone is a link of /proc. sshd wants .ssh to be the user's.
    const found = kernel.stat(`${path}/.`);
    if (found === undefined || (found.uid === owner.uid && (found.mode & 0o022) === 0)) {
      return;
    }
    kernel.chown(`${path}/.`, owner);
    kernel.chmod(`${path}/.`, step.mode);
  });
}

function makeTarget(kernel: Kernel, step: BindStep, flavour: Flavour): void {
  const { home, uid, gid } = flavour.user;
  if (step.owner === "root") {
    kernel.mkdir(step.to, { mode: step.mode });
    return;
  }
  const relative = step.to.slice(home.length + 1);
  kernel.mkdirBeneath(home, relative, { mode: 0o700, owner: { uid, gid } });
}

function parentOf(path: string): string {
  return path.includes("/") ? path.slice(0, path.lastIndexOf("/")) : "";
}
