import { copyFile, mkdir, open, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { magicBeforeArchive } from "../powercut/broken.ts";
import { type CutPoint, cutPoints } from "../powercut/cut-points.ts";
import { NextBoots } from "../powercut/next-boot.ts";
import { type Recording, record } from "../powercut/record.ts";
import { SparseDisk } from "../powercut/sparse-disk.ts";
import { type Identity, newIdentity } from "./harness/data-disk.ts";
import { run, runOk } from "./harness/run.ts";

/**
 * A blank disk on every kind of bus, by how QEMU is told. The power-cut lab has virtio-scsi with sectors of 512 bytes
 * and virtio-blk with 4096.
 */
const buses = [
  { name: "IDE", device: "ide-hd,bus=ide.0", sectorBytes: 512 },
  { name: "SATA", device: "ide-hd,bus=ahci.0", sectorBytes: 512 },
  { name: "virtio-blk", device: "virtio-blk-pci", sectorBytes: 512 },
  { name: "virtio-scsi", device: "scsi-hd,bus=lab.0", sectorBytes: 4096 },
  { name: "NVMe", device: "nvme", sectorBytes: 4096 },
  { name: "USB", device: "usb-storage,bus=usb.0", sectorBytes: 512 },
];
const mebibyte = 2 ** 20;
/** Each disk is known by its size: so many MiB and as many more as its place in the list. */
const leastMiB = 100;

describe("a machine with a blank disk on every bus", () => {
  let identity: Identity;
  let boots: NextBoots;
  const file = (index: number) => path.join(identity.folder, `bus-${index}.raw`);

  beforeAll(async () => {
    identity = await newIdentity();
    const extra = ["-machine", "pc", "-device", "ich9-ahci,id=ahci", "-device", "qemu-xhci,id=usb"];
    extra.push("-uuid", "6b1f0a6e-5d0c-4c52-9d5b-0d6f4a1c7e11");
    for (const [index, { device, sectorBytes }] of buses.entries()) {
      const handle = await open(file(index), "w");
      await handle.truncate((leastMiB + index) * mebibyte);
      await handle.close();
      const sectors = `logical_block_size=${sectorBytes},physical_block_size=${sectorBytes}`;
      extra.push("-drive", `if=none,id=bus${index},format=raw,file=${file(index)}`);
      extra.push("-device", `${device},drive=bus${index},serial=bus${index},${sectors}`);
    }
    const seed = await seedDisk(identity.folder, "web-7", await anotherKey("nocloud"));
    extra.push("-drive", `if=none,id=seed,media=cdrom,readonly=on,file=${seed}`);
    extra.push("-device", "ide-cd,drive=seed,bus=ide.1");
    const credential = path.join(identity.folder, "credential");
    await writeFile(credential, await anotherKey("firmware"));
    const name = "opt/io.systemd.credentials/ssh.authorized_keys.root";
    extra.push("-fw_cfg", `name=${name},file=${credential}`);
    const append = `boot2podman.key="${(await anotherKey("option")).trim()}"`;
    boots = await NextBoots.start(identity, { extra, append });
    await boots.machine.root("cat > /run/on && chmod 755 /run/on", { input: onOneDisk });
  });
  afterAll(async () => {
    await boots?.remove();
    await rm(identity.folder, { recursive: true, force: true });
  });

  /** A public key with that comment. */
  async function anotherKey(comment: string): Promise<string> {
    const key = path.join(identity.folder, comment);
    await runOk(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", key]);
    return readFile(`${key}.pub`, "utf8");
  }

  test("takes keys from its firmware, a NoCloud CD and the command line, and says which from where", async () => {
    const shown = await boots.machine.root("sshkeys status");
    const credential = "credential ssh.";
    for (const [comment, from] of [
      ["test", `from SMBIOS ${credential}ephemeral-authorized_keys-all`],
      ["firmware", `for root alone, from fw_cfg ${credential}authorized_keys.root`],
      ["nocloud", "from NoCloud disk /dev/sr0"],
      ["option", "from the setting boot2podman.key"],
    ])
      expect(shown).toMatch(new RegExp(`^ +ssh-ed25519 \\S+ ${comment} \\(${from}\\)$`, "m"));
    const login = (user: string, key: string) =>
      run([
        ...["ssh", "-F", "/dev/null", "-o", "StrictHostKeyChecking=no", "-o", "BatchMode=yes"],
        ...["-o", "UserKnownHostsFile=/dev/null", "-o", "IdentitiesOnly=yes"],
        ...["-i", path.join(identity.folder, key), "-p", String(boots.machine.sshPort)],
        ...[`${user}@127.0.0.1`, "id -un"],
      ]);
    expect((await login("tc", "nocloud")).stdout.trim()).toBe("tc");
    expect((await login("root", "firmware")).stdout.trim()).toBe("root");
    expect((await login("tc", "firmware")).exitCode).toBe(255);
  });

  test("touches none of the disks: they are several", async () => {
    expect(await boots.machine.root("boot2podman status")).toMatch(
      /^automount +skipped .*several strictly blank disks/m,
    );
    expect(await boots.machine.root("grep -c ' ext4 ' /proc/mounts || true")).toBe("0");
  });

  test("has an sshd whose settings are sound, and modern algorithms only", async () => {
    const settings = await boots.machine.root("/usr/sbin/sshd -t && /usr/sbin/sshd -T");
    expect(settings).toMatch(/^passwordauthentication no$/m);
    expect(settings).toMatch(/^permitrootlogin (without|prohibit)-password$/m);
    const lists = settings
      .split("\n")
      .filter((line) =>
        /^(ciphers|macs|kexalgorithms|hostkeyalgorithms|pubkeyaccepted)/.test(line),
      );
    expect(lists.length).toBeGreaterThanOrEqual(5);
    for (const line of lists)
      expect(line).not.toMatch(
        /sha1|md5|cbc|3des|arcfour|ssh-dss|[ ,]ssh-rsa|umac-64|group1-|none/,
      );
  });

  test("uses a single ext4 without a label as it is, beside them", async () => {
    const image = path.join(identity.folder, "plain.raw");
    const tree = path.join(identity.folder, "plain");
    await runOk(["mkdir", "-p", `${tree}/mine`]);
    await runOk(["mke2fs", "-q", "-t", "ext4", "-d", tree, image, "64M"]);
    const said = await boots.with(image, 512, "/run/on");
    expect(said).toMatch(/is the data disk, an ext4 without a label and the only one/);
    expect(said).toMatch(/^mine$/m);
    expect(await runOk(["dumpe2fs", "-h", image])).toMatch(/volume name: +<none>/);
  });

  describe("after a power cut", () => {
    let recording: Recording;
    const cutsOf = (of: Recording) => [...cutPoints(of.start, of.entries, of.sectorBytes, () => 0)];

    beforeAll(async () => {
      const how = { name: "quick", sizeMiB: 128, sectorBytes: 512, start: "marked" } as const;
      recording = await record(how, identity);
    });

    test("finds the disk, the keys and all files, at cut points all over the recording", async () => {
      const all = cutsOf(recording);
      const cuts = all.filter((_, index) => index % Math.ceil(all.length / 6) === 0);
      expect(cuts.length).toBeGreaterThan(4);
      for (const cut of cuts) expect(await faultsAt(cut, recording)).toEqual([]);
    });

    test("a set-up in the wrong order would be found out", async () => {
      const broken = magicBeforeArchive(recording);
      const { brokenFrom = 0 } = broken;
      const cut = cutsOf(broken).find(({ entries }) => entries > brokenFrom + 1);
      if (cut === undefined) throw new Error("no cut point after the wrong write");
      expect(await faultsAt(cut, broken)).toContain("the key is missing");
    });

    async function faultsAt(cut: CutPoint, of: Recording): Promise<string[]> {
      const { faults, said } = await boots.try(cut, of);
      const where = `after flush ${cut.flushes}, surviving: ${cut.survivors}`;
      return faults.map((fault) =>
        `${fault} ${of === recording ? `(${where})\n${said}` : ""}`.trim(),
      );
    }
  });

  test.each(buses.map((bus, index) => ({ ...bus, index })))(
    "sets up the disk on $name with sectors of $sectorBytes bytes",
    async ({ index, sectorBytes }) => {
      const said = await boots.machine.root(`/run/on ${(leastMiB + index) * mebibyte}`);
      expect(said).toContain(`sectors of ${sectorBytes}`);
      expect(said).toContain("is set up as the data disk: it is blank");
      expect(said).toMatch(/^Filesystem .*\n\S+1 .* \/mnt\/\S+1$/m);
    },
  );

  test("finds it again and grows it when it was enlarged, and keeps what is on it", async () => {
    const index = buses.findIndex(({ name }) => name === "virtio-blk");
    const found = await boots.machine.root(`/run/on ${(leastMiB + index) * mebibyte} hello`);
    expect(found).toMatch(/^\/dev\/vd.1 on \/mnt\/vd.1; vd.1 is the data disk$/m);
    const sizeBytes = 300 * mebibyte;
    await boots.monitor.execute("block_resize", { device: `bus${index}`, size: sizeBytes });
    const said = await boots.machine.root(`/run/on ${sizeBytes}`);
    expect(said).toMatch(/grow partition 1 of vd. to \d+ bytes/);
    expect(said).toMatch(/^hello$/m);
    const [, sizeKib] = /1 +(\d+) .*\/mnt\//.exec(said) ?? [];
    expect(Number(sizeKib)).toBeGreaterThan(250 * 1024);
  });

  test("of all these disks with the label would use the one that this machine used last", async () => {
    const said = await boots.machine.root("automount --dry-run");
    expect(said).toMatch(/^vd.1 is the data disk: of several with the label it was used last/m);
  });

  test("leaves a table of others as it is when their disk was enlarged, and uses the filesystem", async () => {
    const image = path.join(identity.folder, "foreign.raw");
    const disk = new SparseDisk(160 * mebibyte);
    await disk.save(image);
    await runOk(["sfdisk", "-q", image], {
      input: "label: gpt\nstart=4096, size=204800, name=theirs\n",
    });
    const data = path.join(identity.folder, "data.ext4");
    await runOk(["mke2fs", "-q", "-t", "ext4", "-L", "boot2podman-data", data, "100M"]);
    await runOk(["dd", `if=${data}`, `of=${image}`, "bs=1M", "seek=2", "conv=notrunc"]);
    const handle = await open(image, "r+");
    await handle.truncate(400 * mebibyte);
    await handle.close();
    await copyFile(image, `${image}.before`);
    const said = await boots.with(image, 512, `/run/on ${400 * mebibyte}`);
    expect(said).toMatch(/1 is the data disk$/m);
    expect(said).not.toContain("grow");
    const table = async (name: string) =>
      runOk(["dd", `if=${name}`, "bs=512", "count=34", "status=none"]);
    expect(await table(image)).toBe(await table(`${image}.before`));
  });
});

/** A CD as cloud-init's NoCloud wants it. */
async function seedDisk(folder: string, name: string, key: string): Promise<string> {
  const tree = path.join(folder, "seed");
  await mkdir(tree);
  await writeFile(path.join(tree, "meta-data"), `local-hostname: ${name}\n`);
  const lines = ["#cloud-config", "users:", "  - name: me", "    ssh_authorized_keys:"];
  await writeFile(path.join(tree, "user-data"), `${lines.join("\n")}\n      - ${key}`);
  const image = path.join(folder, "seed.iso");
  await runOk([
    "xorriso",
    "-as",
    "mkisofs",
    "-quiet",
    "-V",
    "cidata",
    "-J",
    "-r",
    "-o",
    image,
    tree,
  ]);
  return image;
}

/**
 * Has automount set up or use one disk, the newest or the one of that size. The option that names the disk comes in
 * by a file mounted over the kernel's command line.
 */
const onOneDisk = `#!/bin/sh
unmount_all() {
  for folder in $(grep "^/dev/$disk" /proc/mounts | cut -d' ' -f2 | tac); do umount "$folder" || umount -l "$folder"; done
}
if [ -n "$1" ]; then
  for i in $(seq 1200); do
    for folder in /sys/block/*; do
      [ "$(($(cat "$folder/size") * 512))" = "$1" ] && disk=$(basename "$folder")
    done
    [ -n "$disk" ] && break
    usleep 50000
  done
  echo "$(cat /proc/cmdline) boot2podman.disk=$disk" >/run/cmdline
  mount --bind /run/cmdline /proc/cmdline
else
  for i in $(seq 1200); do
    disk=$(ls /sys/block | grep -vxFf /run/disks-before | head -1)
    [ -n "$disk" ] && break
    usleep 50000
  done
fi
echo "sectors of $(cat "/sys/block/$disk/queue/logical_block_size")"
automount 2>&1
folder=$(grep "^/dev/$disk" /proc/mounts | cut -d' ' -f2 | head -1)
ls "$folder"
[ -n "$2" ] && echo "$2" >"$folder/var/lib/boot2podman/note"
cat "$folder/var/lib/boot2podman/note" 2>/dev/null
df -k "$folder"
unmount_all
[ -n "$1" ] && umount /proc/cmdline
true
`;
