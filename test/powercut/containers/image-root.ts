import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { type Result, run, runOk } from "../../vm/harness/run.ts";
import { layRoot, unpackUsr } from "../../vm/harness/unpacked-usr.ts";

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

  /** Where the data disk has to be mounted before a script runs. */
  get disk(): string {
    return path.join(this.folder, "disk");
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
    await runOk(["mount", node, this.disk]);
    try {
      const { stdout, stderr } = await this.run(script, await look(this.disk));
      return `${stdout}\n${stderr}`;
    } finally {
      await runOk(["umount", this.disk]);
    }
  }

  /** Runs a script of the image's shell over the data disk that is mounted; all that it has started ends with it. */
  run(
    script: string,
    words: readonly string[],
    options: Pick<Parameters<typeof run>[1] & object, "onStdout"> = {},
  ): Promise<Result> {
    const argv = ["unshare", "-mnpiufC", "--propagation", "private", "sh", "-c", outside, "sh"];
    return run([...argv, this.folder, script, ...words], { ...options, timeoutMs: 1_200_000 });
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** Goes into a root like the boot's, with the data disk. $1: the folder; $2: the script; its arguments. */
const outside = String.raw`set -e
${layRoot}
mkdir -p sys mnt/data var/lib/containers var/tmp root etc/containers/networks etc/containers/containers.conf.d
[ -e var/run ] || ln -s ../run var/run
mount -t sysfs sysfs sys; mount -t cgroup2 cgroup sys/fs/cgroup; mount -t tmpfs shm dev/shm
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

/** Shell words for a script there: binds the user's store in, which his folder on the disk has to be there for. */
export const layUser = `mkdir -p /home/tc/.local/share/containers /run/user/1000
chown 1000:50 /home/tc /home/tc/.local /home/tc/.local/share /run/user/1000
mount --bind /mnt/data/local/share/containers /home/tc/.local/share/containers
`;

/** Shell words before those that the user's shell runs. */
export const asUser = "cd /home/tc && XDG_RUNTIME_DIR=/run/user/1000";
