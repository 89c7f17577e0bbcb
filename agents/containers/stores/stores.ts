import type { User } from "../../accounts/find-user.ts";
import type { Kernel } from "../../kernel/kernel.ts";

/** Where one person's Podman keeps images, layers and containers. */
export interface Store {
  owner: Pick<User, "name" | "uid" | "gid" | "home">;
  /** The graph root, as Podman calls it. */
  folder: string;
}

const root = { name: "root", uid: 0, gid: 0, home: "/root" };
const below = "storage";

/** Root's store and that of the user, whether there is something in them or not. */
export function storesOf(user: Store["owner"] | undefined): Store[] {
  const stores = [{ owner: root, folder: `/var/lib/containers/${below}` }];
  if (user !== undefined && user.uid !== 0) {
    stores.push({ owner: user, folder: `${user.home}/.local/share/containers/${below}` });
  }
  return stores;
}

/** Whether Podman has ever kept something in it. */
export function isUsed(kernel: Kernel, { folder }: Store): boolean {
  return kernel.lstat(`${folder}/overlay-layers`)?.kind === "folder";
}
