import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { cp, mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { chooseMirrors } from "../../image/resolve/mirrors.ts";
import { runOk } from "../vm/harness/run.ts";

/** A system as bootc images have it: kernel and initramfs of dracut's, systemd, sshd, cloud-init, and what an installation needs. */
const packages = [
  ...["systemd-sysv", "udev", "dbus", "linux-image-cloud-amd64", "dracut", "kmod"],
  ...["openssh-server", "cloud-init", "iproute2", "netbase"],
  ...["systemd-boot-efi", "fdisk", "dosfstools", "e2fsprogs", "btrfs-progs"],
  // Not for the machine: this host's half of its shares, where this host has none that translates owners.
  "virtiofsd",
];

/** What no machine of a test needs. */
const leftOut = [
  "/usr/share/doc/*",
  "/usr/share/man/*",
  "/usr/share/locale/*",
  "/usr/share/info/*",
];

const here = path.join(import.meta.dirname, "stand-in");
/** One who isn't root. */
export const standInUser = "someone";
const network = "lan.network";
const hostKeys = "host-keys.conf";
const buildTimeoutMs = 3_600_000;

/** The folder with the script that stands in for bootc, to be copied into the image. */
export const standInFolder = here;

/**
 * The files of a container image that can be booted, without the bootc, as a tar archive: no image with the real bootc can be had without
 * a registry. Made once into `.cache/bootc`, as root.
 */
export async function standInArchive(): Promise<string> {
  const cache = path.resolve(import.meta.dirname, "../../.cache/bootc");
  const recipe = createHash("sha256").update(JSON.stringify([packages, leftOut]));
  recipe.update(readFileSync(import.meta.filename));
  for (const name of [network, hostKeys]) {
    recipe.update(readFileSync(path.join(here, name)));
  }
  const archive = path.join(cache, `stand-in-${recipe.digest("hex").slice(0, 16)}.tar`);
  if (!existsSync(archive)) {
    await build(path.join(cache, "root"), archive);
  }
  return archive;
}

/**
 * Makes a folder with the stand-in's virtiofsd as a program of this host: with its own loader and libraries. Returns the
 * folder, for PATH.
 */
export async function standInVirtiofsd(archive: string, folder: string): Promise<string> {
  const files = path.join(folder, "virtiofsd-files");
  await mkdir(files, { recursive: true });
  const libraries = "usr/lib/x86_64-linux-gnu";
  const needed = ["libc.so.6", "libgcc_s.so.1", "libcap-ng.so.0*", "libseccomp.so.2*"];
  const names = ["ld-linux-x86-64.so.2", ...needed].map((name) => `./${libraries}/${name}`);
  await runOk(
    ["tar", "-C", files, "--wildcards", "-xf", archive, "./usr/libexec/virtiofsd", ...names],
    { timeoutMs: buildTimeoutMs },
  );
  const bin = path.join(folder, "bin");
  await mkdir(bin, { recursive: true });
  const [loader, program] = [`${libraries}/ld-linux-x86-64.so.2`, "usr/libexec/virtiofsd"];
  const words = `"${files}/${loader}" --library-path "${files}/${libraries}" "${files}/${program}"`;
  await writeFile(path.join(bin, "virtiofsd"), `#!/bin/sh\nexec ${words} "$@"\n`, { mode: 0o755 });
  return bin;
}

async function build(root: string, archive: string): Promise<void> {
  await rm(root, { recursive: true, force: true });
  await mkdir(path.dirname(root), { recursive: true });
  const mirrors = await chooseMirrors(process.env.BOOT2PODMAN_MIRROR);
  const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";
  const sources = `deb [signed-by=${keyring}] ${mirrors.debian} trixie main\n`;
  console.log("bootc: building the stand-in of a bootc image with mmdebstrap");
  const excluded = leftOut.map((glob) => `--dpkgopt=path-exclude=${glob}`);
  await runOk(
    [
      ...["mmdebstrap", "--variant=minbase", `--include=${packages.join(",")}`],
      ...[...excluded, "trixie", root, "-"],
    ],
    { input: sources, timeoutMs: buildTimeoutMs },
  );
  await asBootcHasIt(root);
  const files = ["tar", "--numeric-owner", "--xattrs", "-C", root, "-cf", `${archive}.new`, "."];
  await runOk(files, { timeoutMs: buildTimeoutMs });
  await rename(`${archive}.new`, archive);
  await rm(root, { recursive: true, force: true });
}

/** The kernel below /usr/lib/modules, with an initramfs for every machine, and no identity. */
async function asBootcHasIt(root: string): Promise<void> {
  const modules = path.join(root, "usr/lib/modules");
  const [version = ""] = await readdir(modules);
  const boot = path.join(root, "boot");
  await rename(path.join(boot, `vmlinuz-${version}`), path.join(modules, version, "vmlinuz"));
  await rm(boot, { recursive: true });
  await mkdir(boot);
  const initramfs = `/usr/lib/modules/${version}/initramfs.img`;
  await runOk(
    ["chroot", root, "dracut", "--quiet", "--no-hostonly", "--force", "--kver", version, initramfs],
    { timeoutMs: buildTimeoutMs },
  );
  for (const name of ["vmlinuz", "vmlinuz.old", "initrd.img", "initrd.img.old"]) {
    await rm(path.join(root, name), { force: true });
  }
  for (const name of await readdir(path.join(root, "etc/ssh"))) {
    if (name.startsWith("ssh_host_")) {
      await rm(path.join(root, "etc/ssh", name));
    }
  }
  await writeFile(path.join(root, "etc/machine-id"), "");
  await install(root, network, "etc/systemd/network/lan.network");
  await install(root, hostKeys, "etc/systemd/system/ssh.service.d/host-keys.conf");
  await runOk(["chroot", root, "systemctl", "enable", "systemd-networkd"]);
  await runOk(["chroot", root, "useradd", "--create-home", "--shell", "/bin/bash", standInUser]);
  const timers = ["apt-daily", "apt-daily-upgrade", "dpkg-db-backup", "e2scrub_all"];
  await runOk(["chroot", root, "systemctl", "disable", ...timers.map((name) => `${name}.timer`)]);
  await rm(path.join(root, "var/lib/apt/lists"), { recursive: true, force: true });
  await rm(path.join(root, "var/cache/apt"), { recursive: true, force: true });
}

async function install(root: string, name: string, place: string): Promise<void> {
  const file = path.join(root, place);
  await mkdir(path.dirname(file), { recursive: true });
  await cp(path.join(here, name), file);
}
