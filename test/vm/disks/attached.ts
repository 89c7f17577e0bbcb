import { open, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { test as plain } from "vitest";
import { mebibyte } from "../../../agents/units/bytes.ts";
import { NextBoots } from "../../powercut/next-boot.ts";
import { type Identity, newIdentity, newKey } from "../harness/data-disk.ts";
import { sharedByFile } from "../harness/shared-by-file.ts";
import { onOneDisk } from "./on-one-disk.ts";
import { seedDisk } from "./seed-disk.ts";

/** The machine with a blank disk on every bus, shared by groups of tests. */
export interface Attached {
  identity: Identity;
  boots: NextBoots;
}

/**
 * A blank disk on every kind of bus, by how QEMU is told. The power-cut lab has virtio-scsi with sectors of 512 bytes
 * and virtio-blk with 4096.
 */
export const buses = [
  { name: "IDE", device: "ide-hd,bus=ide.0", sectorBytes: 512 },
  { name: "SATA", device: "ide-hd,bus=ahci.0", sectorBytes: 512 },
  { name: "virtio-blk", device: "virtio-blk-pci", sectorBytes: 512 },
  { name: "virtio-scsi", device: "scsi-hd,bus=lab.0", sectorBytes: 4096 },
  { name: "NVMe", device: "nvme", sectorBytes: 4096 },
  { name: "USB", device: "usb-storage,bus=usb.0", sectorBytes: 512 },
];

/** How large the disk at that place of the list is; each is known by its size. */
export const sizeBytesOf = (index: number) => (100 + index) * mebibyte;

/** A machine with a blank disk on every bus. */
export const test = plain.extend(
  "attached",
  ...sharedByFile(async (atTheEnd): Promise<Attached> => {
    const identity = await newIdentity();
    atTheEnd(() => rm(identity.folder, { recursive: true, force: true }));
    const extra = ["-machine", "pc", "-device", "ich9-ahci,id=ahci", "-device", "qemu-xhci,id=usb"];
    extra.push("-uuid", "6b1f0a6e-5d0c-4c52-9d5b-0d6f4a1c7e11");
    for (const [index, { device, sectorBytes }] of buses.entries()) {
      const file = path.join(identity.folder, `bus-${index}.raw`);
      const handle = await open(file, "w");
      await handle.truncate(sizeBytesOf(index));
      await handle.close();
      const sectors = `logical_block_size=${sectorBytes},physical_block_size=${sectorBytes}`;
      extra.push("-drive", `if=none,id=bus${index},format=raw,file=${file}`);
      extra.push("-device", `${device},drive=bus${index},serial=bus${index},${sectors}`);
    }
    const seed = await seedDisk(identity.folder, {
      hostname: "web-7",
      key: await newKey(identity, "nocloud"),
      strangersKey: await newKey(identity, "stranger"),
    });
    extra.push("-drive", `if=none,id=seed,media=cdrom,readonly=on,file=${seed}`);
    extra.push("-device", "ide-cd,drive=seed,bus=ide.1");
    const credential = path.join(identity.folder, "credential");
    await writeFile(credential, await newKey(identity, "firmware"));
    const name = "opt/io.systemd.credentials/ssh.authorized_keys.root";
    extra.push("-fw_cfg", `name=${name},file=${credential}`);
    extra.push("-smbios", asPodmanBootc(await newKey(identity, "bootc")));
    const append = `boot2podman.key="${(await newKey(identity, "option")).trim()}"`;
    const boots = await NextBoots.start(identity, { extra, append });
    atTheEnd(() => boots.remove());
    await boots.machine.root("cat > /run/on && chmod 755 /run/on", { input: onOneDisk });
    return { identity, boots };
  }),
);

/** A credential that lets root in, in the words of podman-bootc. */
function asPodmanBootc(publicKey: string): string {
  const base64 = (text: string) => Buffer.from(text).toString("base64");
  const line = `d /root/.ssh 0750 root root -\nf+~ /root/.ssh/authorized_keys 700 root root - ${base64(publicKey)}\n`;
  return `type=11,value=io.systemd.credential.binary:tmpfiles.extra=${base64(line)}`;
}
