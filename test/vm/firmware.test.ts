import { rm } from "node:fs/promises";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { manifest } from "./harness/artifacts.ts";
import { type Identity, newDataDisk, newIdentity } from "./harness/data-disk.ts";
import type { DiskOptions } from "./harness/qemu.ts";
import { type MachineOptions, TestMachine } from "./harness/test-machine.ts";

let identity: Identity;
/** One for all ways: the first boot sets it up, and every other one has to find what that left. */
let disk: DiskOptions;
let machine: TestMachine | undefined;
beforeAll(async () => {
  identity = await newIdentity();
  disk = await newDataDisk(identity, { sizeMiB: 1024 });
});
afterEach(() => machine?.remove());
afterAll(() => rm(identity.folder, { recursive: true, force: true }));

/** Every way in which firmware can start the ISO. The CD readers get the data disk on their own kind of controller. */
const ways: Array<[string, MachineOptions, "ide" | "sata"]> = [
  ["BIOS from an IDE CD-ROM", { as: "ide-cd", firmware: "bios" }, "ide"],
  ["BIOS from a SATA DVD", { as: "sata-dvd", firmware: "bios" }, "sata"],
  ["BIOS from a USB stick", { as: "usb-stick", firmware: "bios" }, "sata"],
  ["UEFI from a SATA DVD", { as: "sata-dvd", firmware: "uefi" }, "sata"],
  ["UEFI from a USB stick", { as: "usb-stick", firmware: "uefi" }, "sata"],
  ["UEFI with Secure Boot from a SATA DVD", { as: "sata-dvd", firmware: "secure-boot" }, "sata"],
];

test.for(ways)("the ISO boots by %s", async ([, options, bus]) => {
  const disks = [{ ...disk, bus }];
  machine = await TestMachine.start({ boot: "iso", ...options, disks, key: identity.key });
  const looks = [
    "cat /etc/os-release /proc/mounts",
    "test -d /sys/firmware/efi && echo by uefi || echo by bios",
  ];
  const shown = await machine.root(looks.join("; "));
  expect(shown).toContain(`VERSION_ID=${manifest().version}`);
  expect(shown).toMatch(/^\/dev\/sda1 \/var\/lib\/containers ext4 rw/m);
  expect(shown).toMatch(options.firmware === "bios" ? /^by bios$/m : /^by uefi$/m);
  if (options.firmware === "secure-boot") {
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
});
