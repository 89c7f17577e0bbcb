import { expect } from "vitest";
import { manifest } from "./artifacts.ts";
import type { MachineOptions, TestMachine } from "./test-machine.ts";

/** A way in which firmware starts the ISO. */
export type IsoWay = Required<Pick<MachineOptions, "boot" | "as" | "firmware">>;

/**
 * Every promised way. A boot by firmware takes twice as long as one of the kernel, so those of BIOS are the boots that
 * other tests need anyway: vmware.test.ts has the IDE CD-ROM, boot/lasting.ts the other two; firmware.test.ts has UEFI's.
 */
export const isoWays = {
  "BIOS from an IDE CD-ROM": { boot: "iso", as: "ide-cd", firmware: "bios" },
  "BIOS from a SATA DVD": { boot: "iso", as: "sata-dvd", firmware: "bios" },
  "BIOS from a USB stick": { boot: "iso", as: "usb-stick", firmware: "bios" },
  "UEFI from a SATA DVD": { boot: "iso", as: "sata-dvd", firmware: "uefi" },
  "UEFI from a USB stick": { boot: "iso", as: "usb-stick", firmware: "uefi" },
  "UEFI with Secure Boot from a SATA DVD": {
    boot: "iso",
    as: "sata-dvd",
    firmware: "secure-boot",
  },
} satisfies Record<string, IsoWay>;

/** Looks from inside whether the machine was started in that way, and has its data on `partition` ("sda1"). */
export async function expectFirmwareBoot(
  machine: TestMachine,
  way: Pick<IsoWay, "firmware">,
  partition: string,
): Promise<void> {
  const looks = [
    "cat /etc/os-release /proc/mounts /proc/cmdline",
    "test -d /sys/firmware/efi && echo by uefi || echo by bios",
  ];
  const shown = await machine.root(looks.join("; "));
  expect(shown).toContain(`VERSION_ID=${manifest().version}`);
  expect(shown).toMatch(new RegExp(`^/dev/${partition} /var/lib/containers ext4 rw`, "m"));
  // As loaders write it: a kernel that was started directly has no file's name.
  expect(shown).toMatch(/^BOOT_IMAGE=\S*\/boot\/(a\/)?vmlinuz64 /m);
  expect(shown).toMatch(way.firmware === "bios" ? /^by bios$/m : /^by uefi$/m);
  if (way.firmware === "secure-boot") {
    await expectSecureBoot(machine);
  }
}

async function expectSecureBoot(machine: TestMachine): Promise<void> {
  // Four bytes of attributes, then one that is 1 when Secure Boot is on.
  const variable = "/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c";
  await machine.root(
    "mountpoint -q /sys/firmware/efi/efivars || mount -t efivarfs efivarfs /sys/firmware/efi/efivars",
  );
  expect(await machine.root(`tail -c 1 ${variable} | od -An -tu1`)).toMatch(/^ *1$/);
  expect(
    await machine.root("dmesg | grep -ci 'secure boot enabled\\|locked down from EFI'"),
  ).not.toBe("0");
}
