import { MachineError } from "../../error/machine-error.ts";
import { shellWords } from "../../ssh/words.ts";
import type { FolderShare } from "../../store/share.ts";
import { balloonSlot } from "./arguments.ts";
import type { QmpConnection } from "./qmp.ts";

/** A slot has room for one device, which has up to eight parts (functions, PCI 3.0, 6.2.1). */
const sharesMax = 8;
/** As the guest mounts those that it has from its boot on, see agents/guest-tools/shares/plan-shares.ts. */
const mountOptions = "nosuid,nodev,trans=virtio,version=9p2000.L,msize=512000,cache=mmap";
/** Tries, and the time between them: the guest says nothing when it has found the device. */
const tries = 600;
const pauseMs = 50;

/** Throws when a machine shares more than can be plugged in. */
export function checkPluggable(shares: readonly FolderShare[]): void {
  if (shares.length > sharesMax) {
    throw new MachineError(
      `${shares.length} folders can't be shared with a machine that goes on from a template: ${sharesMax} at most.`,
    );
  }
}

/**
 * Plugs the shares of a machine that goes on from a template into it. The balloon's place is free, since a fork has
 * none. The first part comes last: the guest looks for all of them then.
 */
export async function plugShares(
  shares: readonly FolderShare[],
  monitor: Pick<QmpConnection, "execute">,
): Promise<void> {
  for (const [index, share] of [...shares.entries()].reverse()) {
    await monitor.execute("device_add", {
      driver: "virtio-9p-pci",
      id: `share${index}`,
      fsdev: `share${index}`,
      mount_tag: share.Tag,
      bus: balloonSlot,
      addr: `0.${index}`,
      ...(shares.length > 1 ? { multifunction: true } : {}),
    });
  }
}

/** What mounts them, for root's shell in the guest; empty when there are none. */
export function mountScript(shares: readonly FolderShare[]): string {
  const lines = shares.map(({ Tag, GuestFolder, ReadOnly }) => {
    const options = `${ReadOnly ? "ro" : "rw"},${mountOptions}`;
    const mount = shellWords(["mount", "-t", "9p", "-o", options, "--", Tag, GuestFolder]);
    return [
      `${shellWords(["mkdir", "-p", "--", GuestFolder])} && tries=${tries} && {`,
      `until said=$(${mount} 2>&1); do`,
      `tries=$((tries - 1)); [ $tries -gt 0 ] || { echo "$said" >&2; exit 125; }; usleep ${pauseMs * 1000};`,
      "done; } || exit 125",
    ].join(" ");
  });
  return lines.map((line) => `${line}\n`).join("");
}
