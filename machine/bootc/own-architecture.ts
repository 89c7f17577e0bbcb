import type { ImageArchitecture } from "../boot-image/image.ts";

/** The architecture of bootc machines: this host's. */
export function ownArchitecture(): ImageArchitecture {
  return process.arch === "arm64" ? "arm64" : "amd64";
}

/** The device of the serial console that the kernel's `console=` names. */
export function consoleDevice(): string {
  return ownArchitecture() === "arm64" ? "ttyAMA0" : "ttyS0";
}
