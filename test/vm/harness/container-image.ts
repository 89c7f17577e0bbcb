import type { TestMachine } from "./test-machine.ts";

/** Name of the image that importBusybox makes. */
export const busyboxImage = "localhost/busybox";

/**
 * Makes a small container image inside the guest from its own static busybox: no registry is needed.
 * For root or for the user, whose stores are different ones.
 */
export async function importBusybox(
  machine: TestMachine,
  user: "root" | "tc" = "root",
): Promise<void> {
  await machine.guest(importScript, { user });
}

/** What does that, for a shell of the guest. */
export const importScript = [
  "set -e",
  'folder=$(mktemp -d) && cd "$folder"',
  "mkdir -p bin etc tmp root proc sys dev www",
  "cp /usr/bin/busybox bin/busybox",
  "for name in sh echo cat ls id sleep httpd wget hostname nslookup dd true false touch mount grep yes tail head seq mkdir rm free nproc date ip; do ln -s busybox bin/$name; done",
  "echo root:x:0:0:root:/root:/bin/sh > etc/passwd",
  "echo made in the guest > www/index.html",
  `tar -c . | podman import -q -c 'CMD ["/bin/sh"]' -c 'ENV PATH=/bin' - ${busyboxImage}`,
  'cd / && rm -rf "$folder"',
].join("\n");
