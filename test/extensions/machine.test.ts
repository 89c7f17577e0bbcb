import { readdirSync, statSync } from "node:fs";
import { copyFile, mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { busyboxImage } from "../vm/harness/container-image.ts";
import type { Identity } from "../vm/harness/data-disk.ts";
import { joinedInitrds } from "../vm/harness/joined-initrds.ts";
import { Registry } from "../vm/harness/registry.ts";
import { runOk } from "../vm/harness/run.ts";
import { type MachineOptions, TestMachine } from "../vm/harness/test-machine.ts";
import { usedDisk } from "../vm/harness/used-disk.ts";
import { arm64Busybox } from "./arm64-busybox.ts";
import { costOf } from "./cost-of.ts";
import { MirrorServer } from "./mirror-server.ts";
import { unitsExtension } from "./units-extension.ts";

const extensions = path.resolve(import.meta.dirname, "../../dist-extensions");

/** Of the file that machines download. */
function sizeMb(name: string): string {
  const file = readdirSync(extensions).find(
    (one) => one.startsWith(`${name}-`) && /^\d[^-]*-x86-64\.raw$/.test(one.slice(name.length + 1)),
  );
  return file === undefined ? "?" : (statSync(path.join(extensions, file)).size / 1e6).toFixed(1);
}

/** Names of all that the mirror has. */
function mirrored(): Set<string> {
  return new Set(
    readdirSync(extensions).flatMap((file) => /^(\D+)-\d[^-]*-x86-64\.raw$/.exec(file)?.[1] ?? []),
  );
}

describe("extensions in a machine", () => {
  let identity: Identity;
  let machine: TestMachine;
  let mirror: MirrorServer;

  beforeAll(async () => {
    mirror = await MirrorServer.open(extensions);
    const used = await usedDisk();
    identity = used.identity;
    machine = await TestMachine.start({
      key: identity.key,
      disks: [used.disk],
      memoryMiB: 2048,
      cpus: 2,
    });
    await machine.root(`mkdir -p /var/lib/boot2podman/tce
      echo ${mirror.url} >/var/lib/boot2podman/tce/tcemirror`);
  });
  afterAll(async () => {
    mirror?.close();
    await machine?.remove();
    if (identity !== undefined) {
      await rm(identity.folder, { recursive: true, force: true });
    }
  });

  test("tce-load downloads and loads one, goes on with a download that broke off, and refuses root", async () => {
    mirror.breakAfterBytes = 3_000_000;
    expect(await machine.guest("tce-load -wi skopeo || true")).toMatch(/connection broke/);
    mirror.breakAfterBytes = undefined;
    expect(await machine.guest("tce-load -wi skopeo")).toMatch(/^skopeo\.tcz: OK$/m);
    expect(mirror.asked.filter((line) => line.includes(".raw ")).at(-1)).not.toMatch(/ 0$/);
    expect(await machine.guest("skopeo --version")).toMatch(/^skopeo version/);
    expect(await machine.guest("tce-load -i skopeo")).toBe("skopeo is already installed!");
    expect(await machine.guest("tce-load -wi nothing || echo $?")).toBe(
      "nothing.tcz not found!\n1",
    );
    expect(await machine.root("tce-load -i skopeo || true")).toBe("Don't run this as root.");
  });

  test("kernel modules of one are found by modprobe, beside the image's", async () => {
    await machine.root("boot2podman extension add modules");
    await machine.root("modprobe xfs && grep -qw xfs /proc/filesystems && modprobe wireguard");
  });

  test("Docker's daemon runs a container beside Podman, with a published port", async () => {
    await machine.root("boot2podman extension add docker");
    await machine.root("until [ -S /run/dockerd.sock ]; do usleep 300000; done");
    await machine.root(`podman save ${busyboxImage} | docker load`);
    expect(await machine.root(`docker run --rm ${busyboxImage} echo hello`)).toBe("hello");
    await machine.root(
      `docker run -d --name web -p 8099:80 ${busyboxImage} sh -c 'mkdir /w; echo docker >/w/x; httpd -f -h /w'
      until wget -qO- http://127.0.0.1:8099/x | grep docker; do usleep 300000; done`,
    );
    expect(await machine.root(`podman run --rm --network none ${busyboxImage} echo still`)).toBe(
      "still",
    );
    expect(await machine.guest("boot2podman status")).toMatch(/extension-services\s+ok.*docker/);
  });

  test("buildah builds, and skopeo copies between a store, archives and a registry", async () => {
    await machine.root("boot2podman extension add buildah");
    await machine.root(`mkdir /tmp/build && cd /tmp/build
      printf 'FROM ${busyboxImage}\nRUN echo made >/made\nCMD ["cat", "/made"]\n' >Containerfile
      buildah build -q -t localhost/made .`);
    expect(await machine.root("podman run --rm --network none localhost/made")).toBe("made");
    const registry = await Registry.start();
    try {
      const there = `docker://10.0.2.2:${registry.port}/made`;
      await machine.root(`cd /tmp/build
        skopeo copy -q containers-storage:localhost/made oci-archive:one.tar
        skopeo copy -q --dest-tls-verify=false oci-archive:one.tar ${there}
        skopeo copy -q --src-tls-verify=false ${there} docker-archive:two.tar:localhost/back
        podman load -q -i two.tar`);
      expect(await machine.root("podman run --rm --network none localhost/back")).toBe("made");
    } finally {
      await registry.stop();
    }
  });

  test("systemd's services of an extension made by Debian's tools run, start again, follow it, and are named where not", async () => {
    const file = await unitsExtension(identity.folder);
    await machine.root("cat >/tmp/units.raw", { input: await readFile(file) });
    await machine.root("boot2podman extension add /tmp/units.raw");
    await machine.root("until grep -q two /run/units-said; do usleep 300000; done");
    expect(await machine.root("cat /run/units-said")).toBe("one says hello\ntwo comes after it");
    const list = "boot2podman service ls";
    expect(await machine.root(list)).toMatch(/unit-one.*running[\s\S]*unit-two.*done/);
    await machine.root(`kill -9 $(cat /run/unit-one.pid)
      until [ "$(grep -c hello /run/units-said)" = 2 ]; do usleep 300000; done`);
    expect(await machine.guest("boot2podman status")).toMatch(
      /extension-units.*unit-boxed\.service can't be run here: ProtectHome=/,
    );
    await machine.root("boot2podman extension rm units");
    await machine.root("while [ -e /proc/$(cat /run/unit-one.pid) ]; do usleep 300000; done");
    expect(await machine.root(list)).not.toMatch(/unit-/);
  });

  test("containers of another processor run", async () => {
    const busybox = await arm64Busybox(identity.folder);
    await machine.root("boot2podman extension add binfmt");
    await machine.root(
      "until [ -e /proc/sys/fs/binfmt_misc/qemu-aarch64 ]; do usleep 300000; done",
    );
    await machine.root(
      "mkdir -p /tmp/arm/bin && cat >/tmp/arm/bin/busybox && chmod 755 /tmp/arm/bin/busybox",
      {
        input: await readFile(busybox),
      },
    );
    await machine.root("cd /tmp/arm && tar -c . | podman import -q --arch arm64 - localhost/arm");
    const command =
      "podman run --rm --network none --platform linux/arm64 localhost/arm /bin/busybox uname -m";
    expect(await machine.root(command)).toBe("aarch64");
  });

  test("all are there after a restart, before podman's socket, and what is damaged is named", async () => {
    await machine.root(
      "echo hello >/var/lib/boot2podman/tce/optional/bad.raw; echo bad >>/var/lib/boot2podman/tce/onboot.lst",
    );
    await machine.root(`mkdir -p /var/lib/boot2podman/kube && cat >/var/lib/boot2podman/kube/pod.yaml <<END
apiVersion: v1
kind: Pod
metadata: { name: kubed }
spec: { hostNetwork: true, containers: [{ name: one, image: ${busyboxImage}, args: [sleep, "100000"] }] }
END
      echo kept >/etc/kept; echo etc/kept >/opt/.filetool.lst; filetool.sh -b`);
    await machine.powerDown();
    await machine.powerOn();
    await machine.waitForSsh();
    await machine.root("until [ -e /run/boot2podman/ready.json ]; do usleep 300000; done");
    const record = JSON.parse(await machine.root("cat /run/boot2podman/extensions.json"));
    expect(await machine.root("dmesg")).not.toMatch(/recovery (required|complete)/);
    expect(await machine.root("cat /etc/kept")).toBe("kept");
    await machine.root("until podman ps | grep kubed; do usleep 300000; done");
    expect(record.result).toBe("ok");
    expect(record.message).toMatch(
      /^skopeo, modules, docker, buildah, binfmt; bad is not loaded: /,
    );
    expect(await machine.guest("skopeo --version")).toMatch(/^skopeo version/);
  });

  test("clients and tools of others run", async () => {
    await machine.root(
      "boot2podman extension add tools podman-compose kubectl nfs cifs wireguard filesystems guest-vmware",
    );
    const said = await machine.guest(
      "jq --version && kubectl version --client && wg --version && podman-compose --version",
    );
    expect(said).toMatch(/jq/);
    await machine.root(
      "truncate -s 400M /tmp/x.img && mkfs.xfs -qf /tmp/x.img && mount -t xfs -o loop /tmp/x.img /mnt && umount /mnt",
    );
    await machine.root(
      "truncate -s 200M /tmp/b.img && mkfs.btrfs -qf /tmp/b.img && mount -t btrfs -o loop /tmp/b.img /mnt && umount /mnt",
    );
    await machine.root("modprobe nfsv4 && modprobe cifs && mount.nfs -V && mount.cifs -V");
  });
});

describe("extensions wherever /usr lies", () => {
  async function withMachine(
    options: MachineOptions,
    use: (machine: TestMachine) => Promise<void>,
  ): Promise<void> {
    const mirror = await MirrorServer.open(extensions);
    const { identity, disk } = await usedDisk();
    try {
      const machine = await TestMachine.start({ key: identity.key, disks: [disk], ...options });
      try {
        await machine.root(`mkdir -p /var/lib/boot2podman/tce
          echo ${mirror.url} >/var/lib/boot2podman/tce/tcemirror`);
        await use(machine);
        await machine.powerDown();
      } finally {
        await machine.remove();
      }
    } finally {
      mirror.close();
      await rm(identity.folder, { recursive: true, force: true });
    }
  }
  const works = async (machine: TestMachine) => {
    await machine.root("boot2podman extension add wireguard modules");
    expect(await machine.guest("wg --version")).toMatch(/^wireguard-tools/);
    await machine.root("modprobe xfs && boot2podman extension rm wireguard && ! which wg");
    expect(await machine.guest("busybox | head -n 1; podman --version")).toMatch(
      /^BusyBox[\s\S]*podman/,
    );
  };

  test("what each costs, in a machine with nothing else to do", () =>
    withMachine({ memoryMiB: 1024 }, async (machine) => {
      await machine.root("until [ -e /run/boot2podman/ready.json ]; do usleep 300000; done");
      const names = [...mirrored()];
      await machine.root(`boot2podman extension add ${names.join(" ")}
        boot2podman extension unload ${names.join(" ")}`);
      const rows = [["extension", "MB", "load s", "RAM MiB"]];
      for (const name of names) {
        const { loadS, ramMiB } = await costOf(machine, name);
        rows.push([name, sizeMb(name), loadS.toFixed(2), ramMiB.toFixed(1)]);
      }
      console.log(rows.map((row) => row.join("\t")).join("\n"));
      expect(rows.length).toBeGreaterThan(8);
    }));

  test("in RAM", () => withMachine({ usr: "ram" }, works));

  test("in the kernel's own rootfs (embed), with a further initrd of one's own", async () => {
    const folder = await mkdtemp(path.join(tmpdir(), "b2p-mine-"));
    const initrd = path.join(folder, "initrd");
    const pack = `mkdir -p $1/mine/etc && echo hello >$1/mine/etc/mine
      (cd $1/mine && find . | cpio -o -H newc --quiet | gzip) >$1/mine.gz && cat $2 $1/mine.gz >$1/initrd`;
    await runOk(["sh", "-ec", pack, "sh", folder, await joinedInitrds()]);
    try {
      await withMachine({ initrd, append: "embed" }, async (machine) => {
        expect(await machine.guest("cat /etc/mine")).toBe("hello");
        await works(machine);
      });
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test("on an ISO of one's own, which carries some", async () => {
    const root = path.resolve(import.meta.dirname, "../..");
    const out = path.join(root, ".cache/own-image");
    // The same packages as the image's.
    await mkdir(path.join(import.meta.dirname, "lock"), { recursive: true });
    await copyFile(
      path.join(root, "image/lock/amd64.json"),
      path.join(import.meta.dirname, "lock/own.amd64.json"),
    );
    await runOk(
      [
        "npx",
        "bun",
        "image/build.ts",
        "--fast",
        "--recipe",
        "test/extensions/own.toml",
        "--out",
        out,
      ],
      {
        cwd: root,
      },
    );
    const iso = path.join(out, "boot2podman.iso");
    await withMachine({ boot: "iso", iso, memoryMiB: 1536 }, async (machine) => {
      const record = JSON.parse(await machine.root("cat /run/boot2podman/extensions.json"));
      expect(record.message).toBe("skopeo, wireguard");
      expect(await machine.guest("mine; skopeo --version; lsattr -V 2>&1")).toMatch(
        /^mine\nskopeo version[\s\S]*lsattr/,
      );
      expect(await machine.guest("which rsync || echo none")).toBe("none");
      await machine.root("boot2podman extension add kubectl && kubectl version --client");
    });
  });
});
