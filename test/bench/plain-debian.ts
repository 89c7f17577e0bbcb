import { existsSync } from "node:fs";
import { mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import type { Mirrors } from "../../image/resolve/mirrors.ts";
import type { Identity } from "../vm/harness/data-disk.ts";
import { runOk } from "../vm/harness/run.ts";

/** A Debian of today with systemd, Podman and OpenSSH, to measure ours against. */
export interface PlainDebian {
  kernel: string;
  initrd: string;
  disk: string;
  append: string;
  /** Installed packages and versions, so that a reader can see that they are the same as ours. */
  versions: Record<string, string>;
}

const packages = [
  ...["systemd-sysv", "udev", "dbus", "linux-image-amd64", "openssh-server"],
  ...["podman", "crun", "netavark", "aardvark-dns", "nftables", "passt", "uidmap"],
  ...["ca-certificates", "iproute2"],
];

/**
 * Builds it once into `.cache/bench` with mmdebstrap (as root): ext4 on a raw disk, DHCP by
 * systemd-networkd, root's key in place. It is started straight from its kernel and initrd, as ours is.
 */
export async function plainDebian(mirrors: Mirrors, identity: Identity): Promise<PlainDebian> {
  const cache = path.resolve(import.meta.dirname, "../../.cache/bench/debian");
  const disk = path.join(cache, "disk.raw");
  if (!existsSync(disk)) {
    await build(cache, mirrors);
  }
  await giveKey(disk, identity);
  const status = await runOk(["cat", path.join(cache, "versions")]);
  const versions = Object.fromEntries(
    status
      .trim()
      .split("\n")
      .map((line) => line.split("\t") as [string, string]),
  );
  const files = { kernel: path.join(cache, "vmlinuz"), initrd: path.join(cache, "initrd.img") };
  return { ...files, disk, append: "root=/dev/vda rw quiet console=ttyS0", versions };
}

async function build(cache: string, mirrors: Mirrors): Promise<void> {
  const root = path.join(cache, "root");
  await rm(cache, { recursive: true, force: true });
  await mkdir(cache, { recursive: true });
  const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";
  const sources = [
    `deb [signed-by=${keyring}] ${mirrors.debian} trixie main`,
    `deb [signed-by=${keyring}] ${mirrors.debian} trixie-updates main`,
    `deb [signed-by=${keyring}] ${mirrors["debian-security"]} trixie-security main`,
  ];
  console.log("bench: building a plain Debian with mmdebstrap");
  await runOk(
    [
      ...["mmdebstrap", "--variant=minbase", `--include=${packages.join(",")}`],
      ...["trixie", root, "-"],
    ],
    { input: `${sources.join("\n")}\n`, timeoutMs: 1_800_000 },
  );
  await writeFile(
    path.join(root, "etc/systemd/network/lan.network"),
    "[Match]\nType=ether\n[Network]\nDHCP=yes\n",
  );
  await writeFile(path.join(root, "etc/fstab"), "/dev/vda / ext4 defaults 0 1\n");
  await writeFile(path.join(root, "etc/hostname"), "debian\n");
  await runOk(["chroot", root, "systemctl", "enable", "systemd-networkd", "ssh"]);
  await mkdir(path.join(root, "root/.ssh"), { mode: 0o700, recursive: true });
  const boot = await readdir(path.join(root, "boot"));
  const find = (start: string) => {
    const name = boot.find((one) => one.startsWith(start));
    if (!name) {
      throw new Error(`the plain Debian has no /boot/${start}*`);
    }
    return path.join(root, "boot", name);
  };
  await runOk(["cp", find("vmlinuz-"), path.join(cache, "vmlinuz")]);
  await runOk(["cp", find("initrd.img-"), path.join(cache, "initrd.img")]);
  // biome-ignore lint/suspicious/noTemplateCurlyInString: these are dpkg-query's own placeholders
  const format = "${Package}\\t${Version}\\n";
  const shown = await runOk(["dpkg-query", `--admindir=${root}/var/lib/dpkg`, "-W", "-f", format]);
  await writeFile(path.join(cache, "versions"), shown);
  const fresh = path.join(cache, "disk.raw.part");
  await runOk(["mke2fs", "-q", "-t", "ext4", "-L", "debian", "-d", root, fresh, "8G"], {
    timeoutMs: 600_000,
  });
  await rm(root, { recursive: true, force: true });
  await rename(fresh, path.join(cache, "disk.raw"));
}

/** Writes the key into the unmounted filesystem. */
async function giveKey(disk: string, identity: Identity): Promise<void> {
  const script = [
    "rm /root/.ssh/authorized_keys",
    `write ${identity.key}.pub /root/.ssh/authorized_keys`,
    "set_inode_field /root/.ssh/authorized_keys mode 0100600",
  ];
  await runOk(["debugfs", "-w", "-f", "-", disk], { input: `${script.join("\n")}\n` });
}
