import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { run, runOk } from "../../vm/harness/run.ts";
import { unpackUsr } from "../../vm/harness/unpacked-usr.ts";

/**
 * The image's programs without its kernel: a machine for each of hundreds of cuts would take hours under emulation.
 * They run as this host's root in namespaces of their own, which the disk is mounted in.
 */
export class ImageRoot {
  private constructor(readonly folder: string) {}

  static async open(): Promise<ImageRoot> {
    if (process.getuid?.() !== 0) {
      throw new Error("powercut containers mounts disk images: run it as root");
    }
    const folder = await mkdtemp(path.join(tmpdir(), "b2p-root-"));
    await unpackUsr(path.join(folder, "usr"));
    for (const name of ["root", "disk"]) {
      await mkdir(path.join(folder, name));
    }
    return new ImageRoot(folder);
  }

  /**
   * Runs a script of the image's shell over a data disk; gives what it printed. What it changes on the disk stays
   * there. `look` is called with the disk's folder, before, and gives the script's arguments.
   */
  async over(
    node: string,
    script: string,
    look: (disk: string) => Promise<string[]>,
  ): Promise<string> {
    const disk = path.join(this.folder, "disk");
    await runOk(["mount", node, disk]);
    try {
      const words = await look(disk);
      const argv = ["unshare", "-mnpiufC", "--propagation", "private"];
      const result = await run(
        [...argv, "sh", "-c", outside, "sh", this.folder, script, ...words],
        {
          timeoutMs: 1_200_000,
        },
      );
      return `${result.stdout}\n${result.stderr}`;
    } finally {
      await runOk(["umount", disk]);
    }
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** Makes a root as the boot does, of RAM, and goes there. $1: the folder; $2: the script; its arguments. */
const outside = String.raw`set -e
R=$1/root
mount -t tmpfs root $R
mkdir $R/usr && mount --bind $1/usr $R/usr
cp -a $1/usr/share/boot2podman/root/. $R/
cd $R
for name in bin sbin lib lib64; do [ -e $name ] || ln -s usr/$name $name; done
mkdir -p proc sys dev run tmp mnt/data var/lib/containers var/tmp root etc/containers/networks etc/containers/containers.conf.d
[ -e var/run ] || ln -s ../run var/run
mount -t proc proc proc; mount -t sysfs sysfs sys; mount -t cgroup2 cgroup sys/fs/cgroup; mount --rbind /dev dev; mount -t tmpfs shm dev/shm
mount -t tmpfs run run; mount -t tmpfs tmp tmp
mount --rbind $1/disk mnt/data
mkdir -p mnt/data/var/lib/containers/networks
mount --bind mnt/data/var/lib/containers var/lib/containers
mount --bind mnt/data/var/lib/containers/networks etc/containers/networks
printf '[containers]\ncgroups = "disabled"\ndefault_ulimits = ["nofile=1024:1024","nproc=512:512"]\n' > etc/containers/containers.conf.d/99-lab.conf
# Not by chroot alone: what enters a container's namespace would find itself outside.
mkdir old && pivot_root . old
script=$2; shift 2
exec env -i PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin HOME=/root chroot . /bin/sh -c "umount -l /old; $script" sh "$@"
`;
