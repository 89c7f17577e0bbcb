import { createHash } from "node:crypto";
import type { Entry } from "../files/entry.ts";

/** Bytes at the end of a disk with /usr that say which /usr it is. */
export const usrIdBytes = 4096;

/** The identity of a /usr: the same for the same files, however they are packed. 32 hexadecimal digits. */
export function usrIdOf(entries: readonly Entry[]): string {
  return createHash("sha256").update(JSON.stringify(entries)).digest("hex").slice(0, 32);
}

/** What the base initrd looks for at a disk's end, as a line of its own. */
export function usrIdLine(usrId: string): string {
  return `boot2podman-usr ${usrId}\n`;
}

/** The last bytes of a disk with /usr. A disk that was cut off doesn't have them. */
export function usrIdBlock(usrId: string): Buffer {
  const block = Buffer.alloc(usrIdBytes);
  block.write(usrIdLine(usrId));
  return block;
}
