import { existsSync } from "node:fs";
import { open, rm } from "node:fs/promises";
import path from "node:path";
import { run } from "../vm/harness/run.ts";
import { extensionsFolder, type Laboratory, oneProcessor, standIn, told } from "./laboratory.ts";
import { installed, pairs } from "./pairs.ts";

/** A disk that was installed: grown, booted without firmware, kept. */
export async function disk(lab: Laboratory): Promise<void> {
  const name = await lab.machine("ssh", "-l", "root", "box", `podman image exists ${installed}`);
  if (name.exitCode !== 0) {
    await pairs(lab);
  }
  const id = await lab.idOf(installed);
  const short = id.slice(0, 12);
  const grown = await lab.bootc(
    ...["run", "--rm", "--firmware", "direct", "--disk-size", "12G", ...oneProcessor, id],
    "ls -d /sys/firmware/efi 2>&1; df -k --output=size / | tail -n 1; cat /root/note; rm /root/note; sync",
  );
  lab.noteSaid("from the same disk, grown, without firmware", grown);
  lab.check(
    /No such file/.test(grown.stdout) && /^kept$/m.test(grown.stdout),
    "--firmware direct boots its kernel without UEFI, with what was written before",
    told(grown),
  );
  const size = Number(/^ *(\d+)$/m.exec(grown.stdout)?.[1]);
  lab.check(size > 10.5 * 2 ** 20, "the disk and its filesystem have grown", told(grown));
  const started = await lab.bootc("start", short);
  const still = await lab.bootc("ssh", short, "cat /root/note");
  lab.noteSaid("started again as before", started);
  lab.check(still.stdout === "kept\n", "--rm kept nothing of what was written", told(still));
  const removed = await lab.bootc("rm", "-f", short);
  lab.check(
    removed.exitCode === 0 && !existsSync(lab.placeOf(id)),
    "rm -f removes it while it runs",
    told(removed),
  );
}

/** Installed to files; one with a filesystem that the machine that builds must bring first. */
export async function toDisk(lab: Laboratory): Promise<void> {
  const file = path.join(lab.folder, "disk.qcow2");
  const made = await lab.bootc("to-disk", "--format", "qcow2", "--quiet", standIn, file);
  lab.check(made.exitCode === 0, "to-disk --format qcow2", told(made));
  const looked = await run(["qemu-img", "check", "-f", "qcow2", file]);
  lab.check(looked.exitCode === 0, "the file is sound", told(looked));
  await rm(file, { force: true });
  await otherFilesystem(lab);
}

async function otherFilesystem(lab: Laboratory): Promise<void> {
  const file = path.join(lab.folder, "disk.raw");
  const words = ["to-disk", "--quiet", "--filesystem", "btrfs", standIn, file];
  const refused = await lab.bootc(...words);
  lab.check(
    refused.exitCode === 1 && /has no btrfs.*no mirror is known/.test(refused.stderr),
    "a filesystem that the machine's kernel has not: what is missing is said",
    told(refused),
  );
  lab.check(!existsSync(file) && !existsSync(`${file}.new`), "and no file is left", file);
  const tce = "/var/lib/boot2podman/tce";
  await lab.builds(`mkdir -p ${tce} && echo ${extensionsFolder} >${tce}/tcemirror`);
  const made = await lab.bootc(...words);
  lab.check(made.exitCode === 0, "with a mirror its extension is loaded by itself", told(made));
  const magic = existsSync(file) ? await textAt(file, btrfsMagicAt, 8) : "";
  lab.check(magic === "_BHRfS_M", "and the disk's root has that filesystem", magic);
  await rm(file, { force: true });
}

/** Of the second partition, which lies behind the first mebibyte and the 512 of the EFI system partition (btrfs(5)). */
const btrfsMagicAt = 513 * 2 ** 20 + 0x10040;

async function textAt(file: string, at: number, length: number): Promise<string> {
  const handle = await open(file);
  try {
    const { buffer } = await handle.read(Buffer.alloc(length), 0, length, at);
    return buffer.toString("latin1");
  } finally {
    await handle.close();
  }
}
