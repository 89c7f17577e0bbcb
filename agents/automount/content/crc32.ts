/** For each byte, what it adds to the remainder by a polynomial (written from its low end). */
function tableOf(polynomial: number): Uint32Array {
  return new Uint32Array(256).map((_, byte) => {
    let value = byte;
    for (let bit = 0; bit < 8; bit++) {
      value = value & 1 ? (value >>> 1) ^ polynomial : value >>> 1;
    }
    return value;
  });
}

function remainder(table: Uint32Array, bytes: Uint8Array, start = 0xffffffff): number {
  let crc = start;
  for (const byte of bytes) {
    crc = (crc >>> 8) ^ (table[(crc ^ byte) & 0xff] ?? 0);
  }
  return crc >>> 0;
}

const table = tableOf(0xedb88320);

/**
 * CRC-32 as GPT has it (UEFI specification, "EFI_TABLE_HEADER"). Ours, since loading the runtime's zlib for
 * it takes longer than the whole start of the agents.
 */
export function crc32(bytes: Uint8Array): number {
  return ~remainder(table, bytes) >>> 0;
}

/**
 * CRC-32C as ext4 has it (kernel: fs/ext4/super.c, ext4_superblock_csum): not inverted at the end. Goes on from that of
 * the bytes before these, where there are any.
 */
export function ext4Checksum(bytes: Uint8Array, before?: number): number {
  return remainder(tableOf(0x82f63b78), bytes, before);
}
