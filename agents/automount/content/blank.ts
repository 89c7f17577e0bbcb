import { mebibyte } from "../../units/bytes.ts";
import type { ReadBytes } from "./gpt.ts";

const edgeBytes = mebibyte;
const sampleBytes = 4096;
const samples = 64;

/**
 * Whether a device is zeros as far as one can tell quickly: its first and last MiB whole, and samples evenly
 * through the middle. Throws where the device can't read.
 */
export function isZeros(sizeBytes: number, read: ReadBytes): boolean {
  const edge = Math.min(edgeBytes, sizeBytes);
  if (!areZero(read(0, edge)) || !areZero(read(sizeBytes - edge, edge))) {
    return false;
  }
  const step = Math.floor(sizeBytes / (samples + 1) / sampleBytes) * sampleBytes;
  if (step === 0) {
    return true;
  }
  for (let index = 1; index <= samples; index += 1) {
    if (!areZero(read(index * step, sampleBytes))) {
      return false;
    }
  }
  return true;
}

/** Whether bytes are zeros throughout. */
export function areZero(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0);
}
