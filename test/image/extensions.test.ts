import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { run, runOk } from "../vm/harness/run.ts";
import { layRoot, unpackUsr } from "../vm/harness/unpacked-usr.ts";

/**
 * The image's own command with its own /usr, in namespaces of this host, and extensions as Debian's squashfs-tools make
 * them.
 */
describe("extensions, natively", () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp("/var/tmp/b2p-extensions-");
    await unpackUsr(path.join(folder, "usr"));
    await mkdir(path.join(folder, "root"));
    await mkdir(path.join(folder, "made"));
    await extension("hello", "1.0", "usr/bin/hello", "#!/bin/sh\necho hello 1\n");
    await extension("hello", "1.1", "usr/bin/hello", "#!/bin/sh\necho hello 2\n");
    await extension("setuid", "1", "usr/bin/setuid", "#!/bin/sh\n", "chmod 4755 usr/bin/setuid");
    await extension("links", "1", "usr/bin/links", "x", "rm -r usr/bin && ln -s /etc usr/bin");
    await extension("white", "1", "usr/bin/white", "x", "mknod usr/bin/sh c 0 0");
    await extension(
      "release",
      "1",
      "usr/bin/x",
      "x",
      "rm usr/lib/extension-release.d/*; ln -s /etc/shadow usr/lib/extension-release.d/extension-release.release",
    );
    await extension("big", "1", "usr/lib/big", "x", "head -c 9000000 /dev/urandom >usr/lib/big");
    await extension("second", "1", "usr/bin/second", "#!/bin/sh\necho second\n");
    await writeFile(path.join(folder, "made/second-1-x86-64.raw.dep"), "hello\n");
    await runOk([
      "sh",
      "-c",
      "cd $1/made && head -c 4096 big-1-x86-64.raw >cut-1-x86-64.raw && sha256sum *.raw *.dep >SHA256SUMS",
      "sh",
      folder,
    ]);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  async function extension(
    name: string,
    version: string,
    file: string,
    text: string,
    more = "true",
  ): Promise<void> {
    const tree = path.join(folder, `${name}-${version}`);
    const script = `mkdir -p $1 && cd $1 && mkdir -p usr/lib/extension-release.d $(dirname $2)
      printf 'ID=_any\\nARCHITECTURE=x86-64\\n' >usr/lib/extension-release.d/extension-release.$3
      printf %s "$4" >$2 && chmod 755 $2 && ${more}
      mksquashfs . ../made/$3-${version}-x86-64.raw -quiet -no-progress -all-root -comp zstd`;
    await runOk(["sh", "-ec", script, "sh", tree, file, name, text]);
  }

  /** Runs a script as the machine's root, over a fresh root of RAM; the made extensions are at /mirror. */
  async function inside(script: string): Promise<string[]> {
    const enter = `${layRoot}
      mkdir -p sys mirror run/boot2podman var/lib/boot2podman/tce
      mount --rbind /sys sys; mount --bind $1/made mirror
      for n in 0 1 2 3 4 5 6 7 8 9; do [ -e dev/loop$n ] || mknod dev/loop$n b 7 $n; done
      mount --make-rshared .
      echo /mirror >var/lib/boot2podman/tce/tcemirror
      exec chroot . /usr/bin/env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin HOME=/root sh -c "$2"`;
    const argv = [
      "unshare",
      "-mpf",
      "--kill-child",
      "--propagation",
      "private",
      "sh",
      "-ec",
      enter,
    ];
    const { stdout, stderr } = await run([...argv, "sh", folder, script]);
    return `${stdout}${stderr}`.trim().split("\n");
  }

  test("one is added with what it needs, its program runs, and is gone when it is removed", async () => {
    const lines = await inside(`boot2podman extension add second
      hello; second; busybox true && echo busybox
      boot2podman extension rm hello; boot2podman extension rm second hello
      hello 2>/dev/null || echo gone; cat /var/lib/boot2podman/tce/onboot.lst
      grep -c ' /usr ' /proc/self/mountinfo; ls /var/lib/boot2podman/tce/optional`);
    expect(lines).toEqual([
      "second",
      "hello 2",
      "second",
      "busybox",
      "second",
      "hello",
      "gone",
      "1",
      "hello stays: second needs it",
    ]);
  });

  test("an update replaces it under programs that run, and nobody finds none meanwhile", async () => {
    const lines = await inside(`cp /mirror/hello-1.0-x86-64.raw /tmp/
      boot2podman extension add /tmp/hello-1.0-x86-64.raw
      (while [ ! -e /tmp/end ]; do hello; done) >/tmp/said 2>&1 &
      sh -c 'until [ -s /tmp/said ]; do usleep 10000; done'
      boot2podman extension update; touch /tmp/end; wait
      sort -u /tmp/said; ls /var/lib/boot2podman/tce/optional`);
    expect(lines).toEqual([
      "hello",
      "hello 1.1",
      "hello 1",
      ...(lines.includes("hello 2") ? ["hello 2"] : []),
      "hello-1.1-x86-64.raw",
      "hello-1.1-x86-64.raw.sha256",
    ]);
  });

  test("hostile, damaged and missing ones are left out in a line each, and the others are loaded", async () => {
    const lines = await inside(
      "boot2podman extension add setuid links white release cut none hello; hello; ls -ld /usr/bin | cut -c1",
    );
    expect(lines.slice(0, 3)).toEqual(["hello", "hello 2", "d"]);
    for (const line of [
      /^none not found at \/mirror/,
      /^setuid is not loaded: its usr\/bin\/setuid is setuid/,
      /^links is not loaded: its usr\/bin is a link where the system has a folder/,
      /^white is not loaded: its usr\/bin\/sh is a char/,
      /^release is not loaded: .*(ELOOP|extension-release)/,
      /^cut is not loaded: it is damaged: a part of it is missing/,
    ]) {
      expect(lines).toContainEqual(expect.stringMatching(line));
    }
  });

  test("twenty at once", async () => {
    const lines = await inside(`cd /tmp; for n in $(seq 20); do
        cp /mirror/hello-1.1-x86-64.raw e$n.raw; boot2podman extension add ./e$n.raw; done | tail -n 1
      boot2podman extension ls | grep -c 'yes     yes'
      hello; boot2podman extension unload $(seq 20 | sed 's/^/e/') | wc -l
      hello 2>/dev/null || echo none; grep -c ' /usr ' /proc/self/mountinfo`);
    expect(lines).toEqual(["e20", "20", "hello 2", "20", "none", "1"]);
  });

  test("a disk that gets full keeps what it had, and no part of the new one", async () => {
    const lines = await inside(`mount -t tmpfs -o size=4m none /var/lib/boot2podman/tce
      echo /mirror >/var/lib/boot2podman/tce/tcemirror
      boot2podman extension add hello; boot2podman extension add big; ls -a /var/lib/boot2podman/tce/optional; hello`);
    expect(lines).toEqual([
      "hello",
      ".",
      "..",
      "hello-1.1-x86-64.raw",
      "hello-1.1-x86-64.raw.sha256",
      "hello 2",
      "big: the disk is full",
    ]);
  });

  test("filetool.sh keeps what is listed and restores it; devices aren't restored", async () => {
    const lines = await inside(`mount -t tmpfs none /var/lib/boot2podman
      printf 'home/tc/.thing\\n/etc/things\\nnot/there\\n' >/opt/.filetool.lst
      echo etc/things/no >/opt/.xfiletool.lst
      mkdir -p /etc/things/no; echo a >/etc/things/a; echo b >/etc/things/no/b
      echo own >/home/tc/.thing; chown 1000:50 /home/tc/.thing
      filetool.sh -b && rm -r /etc/things /home/tc/.thing /opt/.filetool.lst && filetool.sh -r
      cat /etc/things/a /home/tc/.thing; stat -c %u /home/tc/.thing; ls /etc/things; cat /opt/.filetool.lst | head -n 1
      cd /tmp; mknod n c 1 3; tar -czf /var/lib/boot2podman/tce/mydata.tgz n; filetool.sh -r`);
    expect(lines).toEqual([
      ...["a", "own", "1000", "a", "home/tc/.thing"],
      "filetool.sh: /var/lib/boot2podman/tce/mydata.tgz holds devices or the like: nothing is restored",
    ]);
  });
});
