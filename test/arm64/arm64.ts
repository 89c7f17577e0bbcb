// npm run arm64: boots the arm64 image in QEMU's machine "virt": from kernel and initrd with /usr on a disk, its ISO with
// /usr in RAM, and its disk image as Podman's client starts it. `-- PART…` runs parts alone. Exit status 1 when something
// isn't as promised.
import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import path from "node:path";
import { manifest } from "../vm/harness/artifacts.ts";
import { busyboxImage, importBusybox } from "../vm/harness/container-image.ts";
import { newDataDisk, newIdentity } from "../vm/harness/data-disk.ts";
import { enlarge, newDiskImage } from "../vm/harness/disk-image.ts";
import { GuestAgent } from "../vm/harness/guest-agent.ts";
import { asPodmanStarts, podmanUser, saidToPodman } from "../vm/harness/podman-port.ts";
import { type MachineOptions, TestMachine } from "../vm/harness/test-machine.ts";

const folder = path.resolve(import.meta.dirname, "../../.cache/arm64");
const { arch, version } = manifest(folder);
assert.equal(arch, "arm64", `${folder} isn't the arm64 image: npm run arm64 builds it`);
const image = { folder, arch };
const started = Date.now();
const say = (text: string) =>
  console.log(`${((Date.now() - started) / 1000).toFixed(1).padStart(6)} s  ${text}`);

const parts = { kernel: fromKernel, iso: fromIso, "disk-image": fromDiskImage };
const known = Object.keys(parts);
const asked = process.argv.slice(2);
if (asked.some((name) => !known.includes(name))) {
  console.error(`usage: npm run arm64 [-- PART…]; parts: ${known.join(", ")}`);
  process.exit(2);
}
const identity = await newIdentity();
let machine: TestMachine | undefined;
try {
  for (const [name, check] of Object.entries(parts)) {
    if (asked.length === 0 || asked.includes(name)) {
      await check();
    }
  }
} catch (error) {
  console.error(machine?.story());
  throw error;
} finally {
  await machine?.remove();
  await rm(identity.folder, { recursive: true, force: true });
}
say("all as promised");

/** Starts a machine, and waits until it says that it can be used. */
async function boots(options: MachineOptions): Promise<TestMachine> {
  await machine?.remove();
  machine = await TestMachine.start({ image, key: identity.key, ...options });
  await isWell(machine);
  return machine;
}

/** What a machine that runs shows: the version, the processor, no stage that failed. */
async function isWell(one: TestMachine): Promise<void> {
  const uname = await one.root("uname -m; grep ^VERSION_ID /etc/os-release");
  assert.equal(uname, `aarch64\nVERSION_ID=${version}`);
  const ready = "until boot2podman status | grep -q '^ready  *ok'; do usleep 500000; done";
  await one.root(ready);
  const status = await one.root("boot2podman status");
  assert.doesNotMatch(status, /^\S+ +(failed|late)/m);
}

/** A machine as podman-machine has it: set up, used, started again, its power cut. */
async function fromKernel(): Promise<void> {
  const disks = [await newDataDisk(identity)];
  const one = await boots({ disks });
  say(`from kernel and initrd: sshd after ${(one.bootMs / 1000).toFixed(1)} s`);
  for (const user of ["root", "tc"] as const) {
    await importBusybox(one, user);
    const ran = await one.guest(`podman run --rm ${busyboxImage} echo hello`, { user });
    assert.equal(ran, "hello");
    await one.guest(`podman run --rm -v kept:/v ${busyboxImage} touch /v/file`, { user });
  }
  const published = `podman run -d --name web -p 8080:80 ${busyboxImage} httpd -f -h /www && until wget -qO- http://127.0.0.1:8080; do usleep 300000; done && podman rm -f -t 0 web`;
  assert.match(await one.root(published), /made in the guest/);
  say("containers of root and of the user run, with a volume and a published port");
  const agent = await GuestAgent.connect(one);
  assert.match(JSON.stringify(await agent.ask("guest-info")), /"version"/);
  agent.close();
  say("the guest agent answers");
  const keys = await hostKeys(one);
  const tookMs = await one.powerDown();
  say(`the power button switches it off in ${(tookMs / 1000).toFixed(1)} s`);

  await one.powerOn();
  await one.waitForSsh();
  await isKept(one, keys);
  say(`started again: sshd after ${(one.bootMs / 1000).toFixed(1)} s, data and host keys are kept`);
  await one.cutPower();
  await one.powerOn();
  await one.waitForSsh();
  await isKept(one, keys);
  say("its power was cut: data and host keys are kept");
  await one.powerDown();
}

/** The ISO by UEFI, with all of it in RAM but the data. */
async function fromIso(): Promise<void> {
  const disks = [await newDataDisk(identity, { name: "iso-data.raw" })];
  const iso = { boot: "iso", as: "usb-stick", firmware: "uefi", memoryMiB: 1536 } as const;
  const one = await boots({ ...iso, disks });
  assert.match(await one.root("cat /proc/mounts"), /^\/dev\/loop\S+ \/usr squashfs ro/m);
  await importBusybox(one);
  assert.equal(await one.root(`podman run --rm ${busyboxImage} echo hello`), "hello");
  say(
    `the ISO by UEFI from a USB stick: sshd after ${(one.bootMs / 1000).toFixed(1)} s, a container`,
  );
  await one.powerDown();
}

/** The disk image by UEFI, with the config and the port of `podman machine start`. */
async function fromDiskImage(): Promise<void> {
  const disk = await newDiskImage(identity, 6, folder);
  const extra = await asPodmanStarts(identity);
  const one = await boots({ boot: "disk", firmware: "uefi", disks: [disk], extra });
  assert.match(await one.root("cat /proc/mounts"), /^\/dev\/vda2 \/usr squashfs ro/m);
  assert.equal(await saidToPodman(identity), "Ready\n");
  assert.equal(await one.guest("id -u; id -g", { user: podmanUser }), "1000\n1000");
  say(`the disk image by UEFI: sshd after ${(one.bootMs / 1000).toFixed(1)} s, "Ready" is said`);
  await importBusybox(one, "root");
  await one.root(`podman run --rm -v kept:/v ${busyboxImage} touch /v/file`);
  const keys = await hostKeys(one);
  await one.powerDown();
  await enlarge(disk, 8);
  await one.powerOn();
  await one.waitForSsh();
  assert.deepEqual(await hostKeys(one), keys);
  await one.root(`podman run --rm -v kept:/v ${busyboxImage} ls /v/file`);
  const has6GiB = "[ $(df -k /var/lib/containers | awk 'END { print $2 }') -gt 6500000 ]";
  await one.root(`until ${has6GiB}; do usleep 100000; done`);
  say("enlarged and started again: the data partition has grown, data and host keys are kept");
  await one.powerDown();
}

/** All of them: RSA's is made in the background. */
async function hostKeys(one: TestMachine): Promise<string[]> {
  const made =
    "until [ -e /var/lib/boot2podman/etc/ssh/ssh_host_rsa_key.pub ]; do usleep 500000; done";
  const keys = await one.root(`${made}; sync; cat /etc/ssh/ssh_host_*_key.pub`);
  return keys.split("\n").sort();
}

async function isKept(one: TestMachine, keys: readonly string[]): Promise<void> {
  await isWell(one);
  assert.deepEqual(await hostKeys(one), keys);
  for (const user of ["root", "tc"] as const) {
    await one.guest(`podman run --rm -v kept:/v ${busyboxImage} ls /v/file`, { user });
  }
}
