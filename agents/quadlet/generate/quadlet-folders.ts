import type { Kernel } from "../../kernel/kernel.ts";
import { KernelError } from "../../kernel/kernel-error.ts";
import type { SpecifierValues } from "../unit/specifiers.ts";

/** Where Podman's generator looks for files of root's, and of the user's (podman-systemd.unit(5)). */
export function quadletFolders({
  uid,
  home,
}: Pick<SpecifierValues["user"], "uid" | "home">): string[] {
  return uid === 0
    ? ["/run/containers/systemd", "/etc/containers/systemd", "/usr/share/containers/systemd"]
    : [
        `/run/user/${uid}/containers/systemd`,
        `${home}/.config/containers/systemd`,
        `/etc/containers/systemd/users/${uid}`,
        "/etc/containers/systemd/users",
      ];
}

const quadletFile = /\.(container|volume|network|pod|kube|image|build)$/;
/** Files may lie in folders below. */
const deepest = 4;

/** Whether there are Quadlet files, without asking the generator. What can't be listed has none. */
export function hasQuadletFiles(
  kernel: Kernel,
  user: Pick<SpecifierValues["user"], "uid" | "home">,
): boolean {
  return quadletFolders(user).some((folder) => holdsFile(kernel, folder, deepest));
}

function holdsFile(kernel: Kernel, folder: string, levels: number): boolean {
  let names: string[];
  try {
    names = kernel.listNoFollow(folder);
  } catch (error) {
    if (error instanceof KernelError) {
      return false;
    }
    throw error;
  }
  return names.some(
    (name) =>
      quadletFile.test(name) ||
      (levels > 1 &&
        // Root's generator leaves the folder of users out.
        `${folder}/${name}` !== "/etc/containers/systemd/users" &&
        kernel.lstat(`${folder}/${name}`)?.kind === "folder" &&
        holdsFile(kernel, `${folder}/${name}`, levels - 1)),
  );
}
