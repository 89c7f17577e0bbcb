import { existsSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { run } from "../vm/harness/run.ts";

const extensions = path.resolve(import.meta.dirname, "../../dist-extensions");

/** The reader that the format is of, over this host's own /usr, in namespaces of its own. */
const script = `mount --make-rshared /
mount -t tmpfs none /run; mkdir -p /var/lib/extensions; mount -t tmpfs none /var/lib/extensions
for n in 0 1 2 3 4 5 6 7; do [ -e /dev/loop$n ] || mknod /dev/loop$n b 7 $n; done
cp $1/binfmt-*.raw /var/lib/extensions/binfmt.raw; cp $1/skopeo-*.raw /var/lib/extensions/skopeo.raw
systemd-sysext merge 2>&1; ls /usr/lib/extension-release.d /usr/bin/skopeo; qemu-aarch64 --version; systemd-sysext unmerge 2>&1`;

test.skipIf(!existsSync("/usr/bin/systemd-sysext"))(
  "systemd-sysext merges extensions of ours, and a program of one runs",
  async () => {
    const enter = ["unshare", "-mpf", "--mount-proc", "--propagation", "private"];
    const { stdout } = await run([...enter, "sh", "-c", script, "sh", extensions]);
    expect(stdout).toContain("Using extensions 'binfmt', 'skopeo'.");
    expect(stdout).toContain("extension-release.skopeo");
    expect(stdout).toMatch(/^qemu-aarch64 version/m);
  },
);
