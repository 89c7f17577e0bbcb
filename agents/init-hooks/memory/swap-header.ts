const pageBytes = 4096;
const infoOffset = 1024;
const signature = "SWAPSPACE2";
const fewestPages = 10;

/**
 * The first page of a swap area as mkswap writes it (kernel: include/linux/swap.h, union swap_header). Throws a
 * RangeError for an area that is too small to swap to.
 */
export function swapHeader(sizeBytes: number): Uint8Array {
  const pages = Math.floor(sizeBytes / pageBytes);
  if (pages < fewestPages) {
    throw new RangeError(`${sizeBytes} bytes are too few to swap to`);
  }
  const page = new Uint8Array(pageBytes);
  const view = new DataView(page.buffer);
  view.setUint32(infoOffset, 1, true);
  view.setUint32(infoOffset + 4, pages - 1, true);
  page.set(new TextEncoder().encode(signature), pageBytes - signature.length);
  return page;
}
