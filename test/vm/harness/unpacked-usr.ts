import { chmod, open } from "node:fs/promises";
import path from "node:path";
import { dist } from "./qemu.ts";
import { runOk } from "./run.ts";

/** What a squashfs image begins with (kernel: Documentation/filesystems/squashfs.rst). */
const squashfsMagic = "hsqs";

/** busybox out of the base initrd, which ends in zeros that zstd complains of; words: the initrd, the target. */
const takeBusybox =
  'zstd -dcq "$1" 2>/dev/null | cpio -i --quiet --to-stdout initrd/busybox >"$2" && [ -s "$2" ]';

/**
 * Unpacks the built image's /usr, or only `parts` of it, into a new folder, with busybox where the boot binds it: bin is
 * always among the parts.
 */
export async function unpackUsr(folder: string, parts: readonly string[] = []): Promise<void> {
  const addOn = path.join(dist, "boot2podman.gz");
  const from = ["-o", String(await squashfsOffset(addOn)), "-d", folder, addOn];
  const wanted = parts.length > 0 ? ["bin", ...parts] : [];
  await runOk(["unsquashfs", "-q", "-n", ...from, ...wanted]);
  const busybox = path.join(folder, "bin/busybox");
  await runOk(["sh", "-c", takeBusybox, "sh", path.join(dist, "corepure64.gz"), busybox]);
  await chmod(busybox, 0o755);
}

/**
 * For a shell in namespaces of its own, on this host: makes a root as the boot does, of RAM, in the folder root beside an
 * unpacked usr, and goes there. $1: the folder that has both.
 */
export const layRoot = `R=$1/root
mount -t tmpfs root $R
mkdir $R/usr && mount --bind $1/usr $R/usr
cp -a $1/usr/share/boot2podman/root/. $R/
cd $R
for name in bin sbin lib lib64; do [ -e $name ] || ln -s usr/$name $name; done
mkdir -p proc dev run tmp
mount -t proc proc proc; mount --rbind /dev dev
`;

/** Where the image begins in the bare cpio that carries it. */
export async function squashfsOffset(file: string): Promise<number> {
  const handle = await open(file);
  const { buffer } = await handle.read(Buffer.alloc(4096), 0, 4096, 0);
  await handle.close();
  const offset = buffer.indexOf(squashfsMagic);
  if (offset < 0) {
    throw new Error(`${file} carries no squashfs image in its first 4 KiB`);
  }
  return offset;
}
