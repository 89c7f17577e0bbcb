/** GRUB reads and writes the file in place, block by block: its size never changes. */
const sizeBytes = 1024;
const header = "# GRUB Environment Block\n";

/** A place for a kernel and its /usr on a disk image: boot/a with partition 2, boot/b with partition 3. */
export type Slot = "a" | "b";

/** What GRUB's environment says: which slot is booted, and which once instead of it. */
export interface GrubEnvironment {
  slot: Slot;
  tried: Slot | undefined;
}

/** Reads grubenv. Throws for one that isn't ours. */
export function parseEnvironment(text: string): GrubEnvironment {
  const value = (name: string) => new RegExp(`^${name}=(.*)$`, "m").exec(text)?.[1];
  const slot = asSlot(value("slot"));
  if (!text.startsWith(header) || slot === undefined) {
    throw new Error("EFI/debian/grubenv of the boot partition names no slot");
  }
  return { slot, tried: asSlot(value("try")) };
}

/** grubenv with that said: all of it in the first sector, which a disk writes whole or not at all. */
export function environmentText({ slot, tried }: GrubEnvironment): string {
  return `${header}slot=${slot}\ntry=${tried ?? ""}\n`.padEnd(sizeBytes, "#");
}

/** The place that isn't that one. */
export function otherSlot(slot: Slot): Slot {
  return slot === "a" ? "b" : "a";
}

function asSlot(text: string | undefined): Slot | undefined {
  return text === "a" || text === "b" ? text : undefined;
}
