/** Debian's name of the package that holds a program which the host needs. */
const PACKAGES: Readonly<Record<string, string>> = {
  "qemu-system-x86_64": "qemu-system-x86",
  "qemu-system-aarch64": "qemu-system-arm",
  "qemu-img": "qemu-utils",
  ssh: "openssh-client",
  "ssh-keygen": "openssh-client",
  flock: "util-linux",
};

/** The package to install for a program; undefined for a program that isn't ours to know. */
export function packageOf(program: string): string | undefined {
  return PACKAGES[program];
}
