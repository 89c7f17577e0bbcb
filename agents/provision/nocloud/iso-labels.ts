import type { ReadAt } from "./fat-label.ts";

const sectorBytes = 2048;
const firstDescriptor = 16;
/** A primary one, one for Joliet, one for booting, the end; some tools add more. */
const maxDescriptors = 16;
const labelOffset = 40;
const labelBytes = 32;
const primary = 1;
const supplementary = 2;

/**
 * The labels of an ISO 9660 filesystem: that of its primary volume descriptor (ECMA-119, 8.4) and that of Joliet's,
 * which is written in UCS-2. Undefined for everything else.
 */
export function isoLabels(read: ReadAt): string[] | undefined {
  const labels: string[] = [];
  let isIso = false;
  for (let index = 0; index < maxDescriptors; index += 1) {
    const found = Buffer.from(read((firstDescriptor + index) * sectorBytes, sectorBytes));
    if (found.length < sectorBytes || found.toString("latin1", 1, 6) !== "CD001") {
      break;
    }
    isIso = true;
    const label = found.subarray(labelOffset, labelOffset + labelBytes);
    if (found[0] === primary) {
      labels.push(label.toString("latin1"));
    } else if (found[0] === supplementary && /^%\/[@CE]/.test(found.toString("latin1", 88, 91))) {
      labels.push(Buffer.from(label).swap16().toString("utf16le"));
    }
  }
  return isIso ? labels.map((label) => label.replace(/[\0 ]+$/, "")) : undefined;
}
