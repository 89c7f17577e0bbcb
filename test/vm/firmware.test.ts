import { rm } from "node:fs/promises";
import { afterEach, expect, test } from "vitest";
import { manifest } from "./harness/artifacts.ts";
import { type Identity, newDataDisk, newIdentity } from "./harness/data-disk.ts";
import { type MachineOptions, TestMachine } from "./harness/test-machine.ts";

let identity: Identity;
let machine: TestMachine | undefined;
afterEach(async () => {
  await machine?.remove();
  await rm(identity.folder, { recursive: true, force: true });
});

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
  identity = await newIdentity();
  const disks = [await newDataDisk(identity, { bus, sizeMiB: 1024 })];
  machine = await TestMachine.start({ boot: "iso", ...options, disks, key: identity.key });
  expect(await machine.guest("cat /etc/os-release")).toContain(`VERSION_ID=${manifest().version}`);
  expect(await machine.guest("cat /proc/mounts")).toMatch(
    /^\/dev\/sda1 \/var\/lib\/containers ext4 rw/m,
  );
  const uefi = await machine.root("test -d /sys/firmware/efi && echo uefi || echo bios");
  expect(uefi).toBe(options.firmware === "bios" ? "bios" : "uefi");
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
