import { oneLine } from "../../command/one-line.ts";
import type { Subscription } from "../../kernel/events.ts";
import type { Reader } from "../../kernel/files.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { KernelError } from "../../kernel/kernel-error.ts";
import { type PodmanOwner, runtimePlaceOf } from "../podman/podman-of.ts";
import { watchPath } from "../stores/watch-path.ts";
import { type ContainerEvent, parseEvent } from "./container-event.ts";

const partBytes = 64 * 1024;
/** No event is longer. */
const longestLine = 64 * 1024;

/**
 * Reads what Podman writes to its events' file (`events_logger=file`), from the start and then as it comes, without
 * a process for it. After Podman has shortened the file, some events come again, in their order.
 */
export function followEvents(
  kernel: Kernel,
  owner: PodmanOwner,
  onEvents: (events: ContainerEvent[]) => void,
): Subscription {
  const { base, events: names } = runtimePlaceOf(owner);
  let open: { reader: Reader; inode: number; readBytes: number } | undefined;
  let rest = "";
  let isReading = false;
  let isWanted = false;

  /** The file that is there now, through no link of the owner's; the one before is read to its end first. */
  const reopen = (): void => {
    kernel.withFolderBeneath(base, names.join("/"), (folder) => {
      const path = `${folder}/events.log`;
      const found = kernel.lstat(path);
      const isSame =
        found?.inode === open?.inode && (found?.sizeBytes ?? 0) >= (open?.readBytes ?? 0);
      if (found === undefined || isSame) {
        return;
      }
      open?.reader.close();
      const reader = kernel.openReader(path);
      open = reader === undefined ? undefined : { reader, inode: found.inode, readBytes: 0 };
      rest = "";
    });
  };

  const readOn = async (): Promise<void> => {
    for (;;) {
      const part = open?.reader.read(partBytes) ?? new Uint8Array();
      if (open === undefined || part.length === 0) {
        return;
      }
      open.readBytes += part.length;
      const lines = (rest + new TextDecoder().decode(part)).split("\n");
      rest = lines.pop() ?? "";
      if (rest.length > longestLine) {
        rest = "";
      }
      const found = lines.flatMap((line) => parseEvent(line) ?? []);
      if (found.length > 0) {
        onEvents(found);
      }
      // A long file must not keep the agent from its other work.
      await new Promise((resolve) => setImmediate(resolve));
    }
  };

  const look = async (): Promise<void> => {
    isWanted = true;
    if (isReading) {
      return;
    }
    isReading = true;
    try {
      while (isWanted) {
        isWanted = false;
        await readOn();
        reopen();
        await readOn();
      }
    } catch (error) {
      if (!(error instanceof KernelError)) {
        throw error;
      }
      kernel.tellKernelLog(`containers: events of ${owner.name} can't be read: ${oneLine(error)}`);
    } finally {
      isReading = false;
    }
  };

  const watch = watchPath(kernel, base, names, () => void look());
  return {
    close: () => {
      watch.close();
      open?.reader.close();
      open = undefined;
    },
  };
}
