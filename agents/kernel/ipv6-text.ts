/** The address in the form of RFC 5952: without leading zeros, the first longest run of zeros as "::". */
export function ipv6Text(address: Uint8Array): string {
  const view = new DataView(address.buffer, address.byteOffset, 16);
  const groups = Array.from({ length: 8 }, (_, index) => view.getUint16(index * 2));
  let best = { from: 0, length: 1 };
  for (let from = 0; from < 8; from += 1) {
    let length = 0;
    while (from + length < 8 && groups[from + length] === 0) {
      length += 1;
    }
    if (length > best.length) {
      best = { from, length };
    }
  }
  const text = (part: readonly number[]) => part.map((group) => group.toString(16)).join(":");
  if (best.length < 2) {
    return text(groups);
  }
  return `${text(groups.slice(0, best.from))}::${text(groups.slice(best.from + best.length))}`;
}
