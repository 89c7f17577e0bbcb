import type { Subscription } from "../../kernel/events.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { KernelError } from "../../kernel/kernel-error.ts";

/**
 * Calls `onChange` whenever an entry of the folder `base`/`names` came, changed or went, also when that folder is made
 * only later, or is removed and made again. `base` must exist.
 */
export function watchPath(
  kernel: Kernel,
  base: string,
  names: readonly string[],
  onChange: () => void,
): Subscription {
  let deeper: { inode: number; subscription: Subscription } | undefined;
  const [name, ...rest] = names;
  const look = (): void => {
    const path = `${base}/${name}`;
    const found = kernel.lstat(path);
    const inode = found?.kind === "folder" ? found.inode : undefined;
    if (inode === deeper?.inode) {
      return;
    }
    deeper?.subscription.close();
    deeper = undefined;
    if (inode === undefined) {
      return;
    }
    try {
      deeper = { inode, subscription: watchPath(kernel, path, rest, onChange) };
    } catch (error) {
      // It went between the look and the watch: that is another change of this folder.
      if (!(error instanceof KernelError)) {
        throw error;
      }
    }
    // What came before anybody watched.
    if (deeper !== undefined && rest.length === 0) {
      onChange();
    }
  };
  const own = kernel.watchFolder(base, name === undefined ? onChange : look);
  if (name !== undefined) {
    look();
  }
  return {
    close: () => {
      own.close();
      deeper?.subscription.close();
    },
  };
}
