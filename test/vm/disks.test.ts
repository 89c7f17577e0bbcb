import { open, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe } from "vitest";
import { NextBoots } from "../powercut/next-boot.ts";
import { type Attached, buses, sizeBytesOf } from "./disks/attached.ts";
import { busTests } from "./disks/buses.ts";
import { keyTests } from "./disks/keys.ts";
import { onOneDisk } from "./disks/on-one-disk.ts";
import { powerCutTests } from "./disks/power-cuts.ts";
import { seedDisk } from "./disks/seed-disk.ts";
import { foreignTableTests, untouchedTests } from "./disks/theirs.ts";
import { type Identity, newIdentity } from "./harness/data-disk.ts";
import { runOk } from "./harness/run.ts";

/** A public key with that comment. */
async function anotherKey(identity: Identity, comment: string): Promise<string> {
  const key = path.join(identity.folder, comment);
  await runOk(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", key]);
  return readFile(`${key}.pub`, "utf8");
}

/** A credential that lets root in, in the words of podman-bootc. */
function asPodmanBootc(publicKey: string): string {
  const base64 = (text: string) => Buffer.from(text).toString("base64");
  const line = `d /root/.ssh 0750 root root -\nf+~ /root/.ssh/authorized_keys 700 root root - ${base64(publicKey)}\n`;
  return `type=11,value=io.systemd.credential.binary:tmpfiles.extra=${base64(line)}`;
}

describe("a machine with a blank disk on every bus", () => {
  const attached = {} as Attached;

  beforeAll(async () => {
    const identity = await newIdentity();
    attached.identity = identity;
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
    const seed = await seedDisk(identity.folder, "web-7", await anotherKey(identity, "nocloud"));
    extra.push("-drive", `if=none,id=seed,media=cdrom,readonly=on,file=${seed}`);
    extra.push("-device", "ide-cd,drive=seed,bus=ide.1");
    const credential = path.join(identity.folder, "credential");
    await writeFile(credential, await anotherKey(identity, "firmware"));
    const name = "opt/io.systemd.credentials/ssh.authorized_keys.root";
    extra.push("-fw_cfg", `name=${name},file=${credential}`);
    extra.push("-smbios", asPodmanBootc(await anotherKey(identity, "bootc")));
    const append = `boot2podman.key="${(await anotherKey(identity, "option")).trim()}"`;
    const boots = await NextBoots.start(identity, { extra, append });
    attached.boots = boots;
    await boots.machine.root("cat > /run/on && chmod 755 /run/on", { input: onOneDisk });
  });
  afterAll(async () => {
    await attached.boots?.remove();
    await rm(attached.identity.folder, { recursive: true, force: true });
  });

  keyTests(attached);
  untouchedTests(attached);
  powerCutTests(attached);
  busTests(attached);
  foreignTableTests(attached);
});
