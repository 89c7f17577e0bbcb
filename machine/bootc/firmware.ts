import { existsSync } from "node:fs";
import { constants, copyFile, open, rename } from "node:fs/promises";
import type { ImageArchitecture } from "../boot-image/image.ts";
import { MachineError } from "../error/machine-error.ts";

/** UEFI: its code, and its variables as they are delivered. */
export interface Firmware {
  readonly code: string;
  readonly variables: string;
}

/** Where Debian, Fedora, Arch and QEMU itself (Homebrew too) have them; without Secure Boot, which needs keys of the image's. */
const known: Readonly<Record<ImageArchitecture, readonly (readonly [string, string])[]>> = {
  amd64: [
    ["/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd"],
    ["/usr/share/edk2/ovmf/OVMF_CODE.fd", "/usr/share/edk2/ovmf/OVMF_VARS.fd"],
    ["/usr/share/edk2/x64/OVMF_CODE.4m.fd", "/usr/share/edk2/x64/OVMF_VARS.4m.fd"],
    ["/usr/share/qemu/edk2-x86_64-code.fd", "/usr/share/qemu/edk2-i386-vars.fd"],
    ["/opt/homebrew/share/qemu/edk2-x86_64-code.fd", "/opt/homebrew/share/qemu/edk2-i386-vars.fd"],
    ["/usr/local/share/qemu/edk2-x86_64-code.fd", "/usr/local/share/qemu/edk2-i386-vars.fd"],
  ],
  arm64: [
    ["/usr/share/AAVMF/AAVMF_CODE.fd", "/usr/share/AAVMF/AAVMF_VARS.fd"],
    [
      "/usr/share/edk2/aarch64/QEMU_EFI-pflash.raw",
      "/usr/share/edk2/aarch64/vars-template-pflash.raw",
    ],
    ["/usr/share/qemu/edk2-aarch64-code.fd", "/usr/share/qemu/edk2-arm-vars.fd"],
    ["/opt/homebrew/share/qemu/edk2-aarch64-code.fd", "/opt/homebrew/share/qemu/edk2-arm-vars.fd"],
    ["/usr/local/share/qemu/edk2-aarch64-code.fd", "/usr/local/share/qemu/edk2-arm-vars.fd"],
  ],
};

const packages: Readonly<Record<ImageArchitecture, string>> = {
  amd64: "ovmf",
  arm64: "qemu-efi-aarch64",
};

/** The host's UEFI for guests of an architecture. Throws when it isn't installed. */
export function findFirmware(
  architecture: ImageArchitecture,
  isThere: (path: string) => boolean = existsSync,
): Firmware {
  const found = known[architecture].find((paths) => paths.every((path) => isThere(path)));
  if (found === undefined) {
    throw new MachineError(
      `No UEFI firmware for ${architecture} machines was found: install the package ${packages[architecture]} (Debian), or boot with --firmware direct.`,
    );
  }
  return { code: found[0], variables: found[1] };
}

/** A copy of the variables for one machine, unless it has one. */
export async function giveVariables(firmware: Firmware, path: string): Promise<void> {
  if (existsSync(path)) {
    return;
  }
  const unfinished = `${path}.new`;
  await copyFile(firmware.variables, unfinished, constants.COPYFILE_FICLONE);
  const file = await open(unfinished, "r+");
  try {
    await file.chmod(0o600);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(unfinished, path);
}
