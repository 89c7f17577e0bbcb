// npm run disk-upgrade: a machine of the disk image is upgraded from a signed release, keeps the new version when it comes
// up, and returns to the old one when it doesn't. Takes minutes.
import assert from "node:assert/strict";
import { createReadStream } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import path from "node:path";
import { manifest } from "../vm/harness/artifacts.ts";
import { newIdentity } from "../vm/harness/data-disk.ts";
import { keyByCredential, newDiskImage } from "../vm/harness/disk-image.ts";
import { freePort } from "../vm/harness/ports.ts";
import { dist } from "../vm/harness/qemu.ts";
import { runOk } from "../vm/harness/run.ts";
import { TestMachine } from "../vm/harness/test-machine.ts";

const { arch, version } = manifest();
const name = `boot2podman-${version}-${arch}.raw.zst`;
/** Where the boot partition lies on the disk, as mtools says it. */
const bootPartition = "@@1M";

const identity = await newIdentity();
const say = (text: string) => console.log(`${new Date().toISOString().slice(11, 19)} ${text}`);

/** A release with the image alone, signed by the identity's key; `change` does something to its raw disk. */
async function release(folder: string, change?: (raw: string) => Promise<unknown>): Promise<void> {
  await mkdir(folder);
  const [qcow2, raw] = [path.join(folder, "qcow2"), path.join(folder, "raw")];
  const image = await newDiskImage(identity, 4);
  await runOk(["mv", image.file, qcow2]);
  await runOk(["qemu-img", "convert", "-f", "qcow2", "-O", "raw", qcow2, raw]);
  await change?.(raw);
  await runOk(["zstd", "-q", "-1", "--long=26", raw, "-o", path.join(folder, name)]);
  await rm(qcow2);
  await rm(raw);
  await runOk(["sh", "-c", `cd "$1" && sha256sum ${name} >SHA256SUMS`, "sh", folder]);
  const sums = path.join(folder, "SHA256SUMS");
  await runOk(["ssh-keygen", "-q", "-Y", "sign", "-f", identity.key, "-n", "boot2podman", sums]);
}

/** Gives an image's /usr another identity, on its partition and in its initrd, as another build's has it. */
async function otherBuild(raw: string): Promise<void> {
  const script = `
    id=$(tail -c 4096 "$2" | head -n 1 | cut -d ' ' -f 2)
    other=$(echo "$id" | tr 0-9a-f 1-9a-f0)
    mcopy -n -o -i "$1${bootPartition}" ::/boot/a/corepure64.gz "$1.initrd"
    { zstd -dcq "$1.initrd" 2>/dev/null || true; } | LC_ALL=C sed "s/$id/$other/" | zstd -qf -o "$1.changed"
    mcopy -o -i "$1${bootPartition}" "$1.changed" ::/boot/a/corepure64.gz
    printf 'boot2podman-usr %s\\n' "$other" | dd of="$1" bs=1 seek=$((449 * 1048576 - 4096)) conv=notrunc status=none
    rm "$1.initrd" "$1.changed"`;
  const usr = path.join(dist, "boot2podman-usr.img");
  await runOk(["sh", "-euc", script, "sh", raw, usr]);
}

const unpacked = await newDiskImage(identity, 6);
const disk = { ...unpacked, file: path.join(identity.folder, "disk.raw"), format: "raw" as const };
await runOk(["qemu-img", "convert", "-f", "qcow2", "-O", "raw", unpacked.file, disk.file]);
const extra = keyByCredential(identity);
const starting = TestMachine.start({ boot: "disk", disks: [disk], key: identity.key, extra });
const releases = path.join(identity.folder, "releases");
await mkdir(releases);
say("making a release");
await release(path.join(releases, "sound"), otherBuild);
const port = await freePort();
const server = createServer((request, response) => {
  const file = createReadStream(path.join(releases, request.url ?? ""));
  file.on("error", () => response.writeHead(404).end());
  file.pipe(response);
}).listen(port, "127.0.0.1");
const address = (which: string) => `http://10.0.2.2:${port}/${which}/`;

const machine = await starting;
try {
  /** Which place this boot runs from: its kernel by the menu, its /usr by the partition. */
  const runsFrom = () =>
    machine.root(
      "sed -E 's,.*BOOT_IMAGE=[^ ]*/boot/(.)/.*,\\1,' /proc/cmdline; grep -o '^/dev/vda[23] /usr' /proc/mounts",
    );
  const restarts = () => machine.powersUpAgain((monitor) => monitor.execute("system_reset"));
  assert.equal(await runsFrom(), "a\n/dev/vda2 /usr");
  await machine.root("echo kept >/var/lib/containers/kept; sync");

  const plain = await machine.ssh(`boot2podman upgrade ${address("sound")}`, { user: "root" });
  assert.match(plain.stderr, /comes by http, which anybody on the way can change/);
  say(`refused: ${plain.stderr.trim()}`);
  const trust = "cat >/var/lib/boot2podman/release-signers";
  await machine.root(trust, { input: `boot2podman ${identity.publicKey}` });

  const started = Date.now();
  say(await machine.root(`boot2podman upgrade ${address("sound")}`));
  say(`upgraded in ${((Date.now() - started) / 1000).toFixed(1)} s`);
  await machine.root("sync");
  await restarts();
  assert.equal(await runsFrom(), "b\n/dev/vda3 /usr");
  const isKept = "until boot2podman status | grep -q '^upgrade  *ok'; do usleep 200000; done";
  await machine.root(isKept);
  say(await machine.root("boot2podman status | grep -E '^(usr|upgrade) '"));
  await restarts();
  assert.equal(await runsFrom(), "b\n/dev/vda3 /usr");
  assert.equal(await machine.root("cat /var/lib/containers/kept"), "kept");
  say("the new version is kept, and so is the data");

  await machine.root("boot2podman upgrade --back");
  await restarts();
  assert.equal(await runsFrom(), "a\n/dev/vda2 /usr");
  await machine.root("boot2podman upgrade --back");
  await restarts();
  assert.equal(await runsFrom(), "b\n/dev/vda3 /usr");
  say("--back leads to the other version, and back again");

  say("making a release whose initrd is damaged");
  await release(path.join(releases, "damaged"), async (raw) => {
    const garbage = path.join(identity.folder, "garbage");
    await writeFile(garbage, Buffer.alloc(4096, "garbage"));
    await runOk([
      "mcopy",
      "-o",
      "-i",
      `${raw}${bootPartition}`,
      garbage,
      "::/boot/a/corepure64.gz",
    ]);
  });
  await machine.root(`boot2podman upgrade ${address("damaged")}; sync`);
  const monitor = await machine.monitor();
  await monitor.execute("system_reset");
  while (!/Kernel panic/.test(machine.story())) {
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  say("the damaged version's kernel gives up");
  monitor.close();
  await writeFile(machine.console, "");
  await restarts();
  assert.equal(await runsFrom(), "b\n/dev/vda3 /usr");
  assert.equal(await machine.root("cat /var/lib/containers/kept"), "kept");
  say("the boot after it uses the version before, with the data");

  await machine.root("rm /var/lib/boot2podman/release-signers");
  const path0 = "/var/lib/containers/x.raw.zst";
  await machine.root(`head -c 1000000 /dev/vda3 >${path0}`);
  const wrong = await machine.ssh(`boot2podman upgrade --sha256 ${"0".repeat(64)} ${path0}`, {
    user: "root",
  });
  assert.equal(wrong.exitCode, 1);
  say(`refused: ${wrong.stderr.trim()}`);
} catch (error) {
  console.error(machine.story());
  throw error;
} finally {
  await machine.remove();
  server.close();
  await rm(identity.folder, { recursive: true, force: true });
}
say("all as promised");
