/** One thing that the guest asked of its disk, in the order in which QEMU finished it. */
export type Entry =
  | { kind: "write"; offsetBytes: number; content: Uint8Array }
  /** All writes before it have reached the platter. */
  | { kind: "flush" };

const magic = 0x6a736677736872n;
const version = 1n;
const flushFlag = 1n;
const fuaFlag = 2n;
const discardFlag = 4n;
const markFlag = 8n;

/**
 * Reads the log of QEMU's `blklogwrites` filter (kernel: drivers/md/dm-log-writes.c): a superblock, then one sector
 * for each entry, followed by its data. The superblock counts entries only up to the last flush, so the log is read
 * to the first empty sector. Throws for what the lab can't replay: discards, and writes of zeros, which QEMU before
 * 9.0 logs at a wrong place; and for a log with a hole.
 */
export function readWriteLog(log: Buffer): Entry[] {
  if (log.readBigUInt64LE(0) !== magic || log.readBigUInt64LE(8) !== version) {
    throw new Error("the log doesn't start like one of blklogwrites");
  }
  const sectorBytes = log.readUInt32LE(24);
  const leastCount = Number(log.readBigUInt64LE(16));
  const entries: Entry[] = [];
  let count = 0;
  for (let at = sectorBytes; at + sectorBytes <= log.length; ) {
    const sector = Number(log.readBigUInt64LE(at));
    const lengthBytes = Number(log.readBigUInt64LE(at + 8)) * sectorBytes;
    const flags = log.readBigUInt64LE(at + 16);
    if (sector === 0 && lengthBytes === 0 && flags === 0n) {
      break;
    }
    if ((flags & (discardFlag | markFlag)) !== 0n || flags > 15n) {
      throw new Error(`entry ${entries.length} of the log has flags ${flags}: not expected here`);
    }
    at += sectorBytes;
    if ((flags & flushFlag) !== 0n) {
      entries.push({ kind: "flush" });
    }
    if (lengthBytes > 0) {
      const content = log.subarray(at, at + lengthBytes);
      // QEMU writes the entry and its data in one go; what isn't whole wasn't finished.
      if (content.length < lengthBytes) {
        break;
      }
      entries.push({ kind: "write", offsetBytes: sector * sectorBytes, content });
      at += lengthBytes;
    }
    count += 1;
    if ((flags & fuaFlag) !== 0n) {
      entries.push({ kind: "flush" });
    }
  }
  if (count < leastCount) {
    throw new Error(`entry ${count} of the log is empty, though there are ${leastCount}`);
  }
  return entries;
}
