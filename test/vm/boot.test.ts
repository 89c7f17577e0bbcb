import { copyFile, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { manifest } from "./harness/artifacts.ts";
import { busyboxImage, importBusybox } from "./harness/container-image.ts";
import { type Identity, newDataDisk, newIdentity } from "./harness/data-disk.ts";
import { freePort } from "./harness/ports.ts";
import type { DiskOptions } from "./harness/qemu.ts";
import { Registry } from "./harness/registry.ts";
import { run, runOk } from "./harness/run.ts";
import { TestMachine } from "./harness/test-machine.ts";

/** A disk of somebody else's: an ext4 filesystem with a label and data of its own, and one of plain bytes. */
async function foreignDisks(folder: string): Promise<DiskOptions[]> {
  const tree = path.join(folder, "foreign");
  await mkdir(tree);
  await writeFile(path.join(tree, "diary"), "don't touch\n");
  const filesystem = path.join(folder, "foreign-ext4.raw");
  await runOk(["mke2fs", "-q", "-t", "ext4", "-L", "precious", "-d", tree, filesystem, "64M"]);
  const bytes = path.join(folder, "foreign-bytes.raw");
  await writeFile(bytes, Buffer.alloc(32 * 2 ** 20, "some database without a filesystem "));
  return [
    { file: filesystem, format: "raw", bus: "sata" },
    { file: bytes, format: "raw", bus: "scsi" },
  ];
}

describe("a machine started from the kernel, with a new data disk and two foreign disks", () => {
  let identity: Identity;
  let machine: TestMachine;
  let webPort: number;
  let foreign: DiskOptions[];
  let hostKeys: string;

  beforeAll(async () => {
    identity = await newIdentity();
    foreign = await foreignDisks(identity.folder);
    for (const disk of foreign) await copyFile(disk.file, `${disk.file}.before`);
    webPort = await freePort();
    const disks = [await newDataDisk(identity), ...foreign];
    machine = await TestMachine.start({ key: identity.key, disks, forwards: [[webPort, 8080]] });
    await importBusybox(machine);
  });
  afterAll(async () => {
    await machine?.remove();
    await rm(identity.folder, { recursive: true, force: true });
  });

  test("logs in by key as the user, who becomes root without a password, and as root", async () => {
    expect(await machine.guest("id -un; sudo id -un; sudo -n -u tc id -un")).toBe("tc\nroot\ntc");
    expect(await machine.root("id -un")).toBe("root");
  });

  test("refuses passwords", async () => {
    const result = await run([
      ...["ssh", "-F", "/dev/null", "-v", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no"],
      ...["-o", "UserKnownHostsFile=/dev/null", "-o", "PubkeyAuthentication=no"],
      ...["-o", "PreferredAuthentications=password,keyboard-interactive"],
      ...["-p", String(machine.sshPort), "tc@127.0.0.1", "true"],
    ]);
    expect(result.exitCode).toBe(255);
    expect(result.stderr).toMatch(/Permission denied \(publickey\)/);
  });

  test("says what it is in /etc/os-release, one assignment on each line", async () => {
    const lines = (await machine.guest("cat /etc/os-release")).split("\n");
    for (const line of lines) expect(line).toMatch(/^[A-Z_]+=[^=]*$/);
    expect(lines).toContain("ID=boot2podman");
    expect(lines).toContain(`VERSION_ID=${manifest().version}`);
  });

  test("has a tmpfs as its root and the compressed image, not a copy, as /usr", async () => {
    const mounts = await machine.guest("cat /proc/mounts");
    expect(mounts).toMatch(/^\S+ \/ tmpfs /m);
    expect(mounts).toMatch(/^\/dev\/loop0 \/usr squashfs ro/m);
    expect(await machine.guest("cat /proc/1/comm")).toBe("init");
  });

  test("formats the disk that asks for it, and keeps the containers on it", async () => {
    const mounts = await machine.guest("cat /proc/mounts");
    expect(mounts).toMatch(/^\/dev\/vda1 \/mnt\/vda1 ext4 rw/m);
    expect(mounts).toMatch(/^\/dev\/vda1 \/var\/lib\/containers ext4 rw/m);
    expect(mounts).toMatch(/^\/dev\/vda1 \/var\/lib\/boot2podman ext4 rw/m);
    expect(await machine.root("blkid -s LABEL -o value /dev/vda1")).toBe("boot2podman-data");
    expect(await machine.root("head -c 29 /dev/vda | grep -c format-me || true")).toBe("0");
  });

  test("shows a table of stages, none failed, and the same as JSON", async () => {
    const table = await machine.guest("boot2podman status");
    for (const stage of ["cgroups", "devices", "network", "automount", "sshkeys"]) {
      expect(table).toMatch(new RegExp(`^${stage} +ok`, "m"));
    }
    const status = JSON.parse(await machine.guest("boot2podman status --json"));
    const failed = status.stages.filter((stage: { result: string }) => stage.result === "failed");
    expect(failed).toEqual([]);
    expect(status.version).toBe(manifest().version);
  });

  test("uses cgroup v2 with every controller handed down from the root", async () => {
    const mounts = await machine.guest("cat /proc/mounts");
    expect(mounts).toMatch(/^cgroup2 \/sys\/fs\/cgroup cgroup2 /m);
    const controllers = await machine.guest("cat /sys/fs/cgroup/cgroup.controllers");
    const handedDown = await machine.guest("cat /sys/fs/cgroup/cgroup.subtree_control");
    expect(handedDown.split(" ").sort()).toEqual(controllers.split(" ").sort());
    expect(controllers).toMatch(/memory/);
  });

  test("runs a container and prints what it printed", async () => {
    const shown = await machine.root(`podman run --rm ${busyboxImage} echo from the container`);
    expect(shown).toBe("from the container");
  });

  test("runs containers through pivot_root, not chroot", async () => {
    expect(
      await machine.root("cat /etc/containers/containers.conf.d/*.conf 2>/dev/null || true"),
    ).not.toMatch(/no_pivot_root/);
    const root = await machine.root(
      `podman run --rm ${busyboxImage} grep -c ' / ' /proc/self/mounts`,
    );
    expect(root).toBe("1");
  });

  test("passes a container's exit status on", async () => {
    const result = await machine.ssh(`podman run --rm ${busyboxImage} sh -c 'exit 7'`, {
      user: "root",
    });
    expect(result.exitCode).toBe(7);
  });

  test("publishes a port that answers on the host", async () => {
    await machine.root(`podman run -d --name web -p 8080:80 ${busyboxImage} httpd -f -h /www`);
    const answer = await fetch(`http://127.0.0.1:${webPort}/index.html`);
    expect(await answer.text()).toBe("made in the guest\n");
  });

  test("lets containers of one network find each other by name", async () => {
    await machine.root("podman network create net1");
    await machine.root(
      `podman run -d --name server --network net1 ${busyboxImage} httpd -f -h /www`,
    );
    const shown = await machine.root(
      `podman run --rm --network net1 ${busyboxImage} wget -q -O - http://server/index.html`,
    );
    expect(shown).toBe("made in the guest");
    await machine.root("podman rm -f -t 0 server");
  });

  test("limits a container's memory: one that takes more is killed", async () => {
    const limit = await machine.root(
      `podman run --rm -m 32m ${busyboxImage} cat /sys/fs/cgroup/memory.max`,
    );
    expect(limit).toBe(String(32 * 2 ** 20));
    const result = await machine.ssh(
      `podman run --rm -m 32m --memory-swap 32m ${busyboxImage} dd if=/dev/zero of=/dev/null bs=64M count=1`,
      { user: "root" },
    );
    expect(result.exitCode).toBe(137);
  });

  test("limits a container's CPU time", async () => {
    const shown = await machine.root(
      `podman run --rm --cpus 0.5 ${busyboxImage} cat /sys/fs/cgroup/cpu.max`,
    );
    expect(shown).toBe("50000 100000");
  });

  test("keeps a volume's data from one container to the next", async () => {
    await machine.root("podman volume create box1");
    await machine.root(
      `podman run --rm -v box1:/data ${busyboxImage} sh -c 'echo kept > /data/file'`,
    );
    expect(await machine.root(`podman run --rm -v box1:/data ${busyboxImage} cat /data/file`)).toBe(
      "kept",
    );
  });

  test("builds an image from a Containerfile", async () => {
    const containerfile = `FROM ${busyboxImage}\nRUN echo built > /built\nCMD ["cat", "/built"]\n`;
    await machine.root(
      "podman build -q -t localhost/built -f - /var/empty || podman build -q -t localhost/built -f - /mnt",
      {
        input: containerfile,
      },
    );
    expect(await machine.root("podman run --rm localhost/built")).toBe("built");
  });

  test("runs a pod whose containers share one network", async () => {
    await machine.root("podman pod create --name pod1");
    await machine.root(`podman run -d --pod pod1 ${busyboxImage} httpd -f -h /www`);
    const shown = await machine.root(
      `podman run --rm --pod pod1 ${busyboxImage} wget -q -O - http://127.0.0.1/index.html`,
    );
    expect(shown).toBe("made in the guest");
    await machine.root("podman pod rm -f -t 0 pod1");
  });

  test("plays a Kubernetes file", async () => {
    const file = [
      "apiVersion: v1",
      "kind: Pod",
      "metadata: { name: played }",
      "spec:",
      "  containers:",
      `    - { name: one, image: "${busyboxImage}", imagePullPolicy: Never, command: [sleep, "1000"] }`,
    ].join("\n");
    await machine.root("podman kube play -", { input: file });
    expect(await machine.root("podman ps --format '{{.Names}}'")).toMatch(/^played-one$/m);
    await machine.root("podman kube down -", { input: file });
  });

  test("has the user run rootless containers with working limits and published ports", async () => {
    await importBusybox(machine, "tc");
    const id = await machine.guest(`podman run --rm ${busyboxImage} id -u`);
    expect(id).toBe("0");
    const limit = await machine.guest(
      `podman run --rm -m 48m --cpus 0.5 ${busyboxImage} sh -c 'cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/cpu.max'`,
    );
    expect(limit).toBe(`${48 * 2 ** 20}\n50000 100000`);
    await machine.guest(`podman run -d --name mine -p 8081:80 ${busyboxImage} httpd -f -h /www`);
    expect(await machine.guest("wget -q -O - http://127.0.0.1:8081/index.html")).toBe(
      "made in the guest",
    );
    await machine.guest("podman rm -f -t 0 mine");
  });

  test("pulls from a registry what it pushed there", async () => {
    const registry = await Registry.start();
    try {
      // Seen from the guest, QEMU's network has the host's loopback at 10.0.2.2.
      const name = `10.0.2.2:${registry.port}/team/tool`;
      await machine.root(`podman push -q --tls-verify=false ${busyboxImage} ${name}`);
      await machine.root(`podman pull -q --tls-verify=false ${name}`);
      expect(await machine.root(`podman run --rm ${name} echo pulled`)).toBe("pulled");
    } finally {
      await registry.stop();
    }
  });

  test("is listed and driven by a podman on the host over ssh://", async () => {
    const known = path.join(identity.folder, "home");
    await mkdir(path.join(known, ".ssh"), { recursive: true, mode: 0o700 });
    const keys = await runOk([
      "ssh-keyscan",
      "-T",
      "60",
      "-t",
      "ed25519,ecdsa",
      "-p",
      String(machine.sshPort),
      "127.0.0.1",
    ]);
    await writeFile(path.join(known, ".ssh/known_hosts"), keys);
    const url = `ssh://root@127.0.0.1:${machine.sshPort}/run/podman/podman.sock`;
    const remote = ["podman", "--remote", "--url", url, "--identity", identity.key];
    const env = { ...process.env, HOME: known };
    expect(await runOk([...remote, "ps", "--format", "{{.Names}}"], { env })).toMatch(/^web$/m);
    const shown = await runOk([...remote, "run", "--rm", busyboxImage, "echo", "remote"], { env });
    expect(shown).toBe("remote\n");
  });

  test("answers on podman's socket, under its old name too", async () => {
    await machine.root("test -S /run/podman/podman.sock && test -S /run/podman/io.podman");
    const one = await machine.root(
      "podman --remote --url unix:///run/podman/io.podman version -f '{{.Server.Version}}'",
    );
    expect(one).toMatch(/^5\./);
  });

  test("knows which hypervisor it is on and runs what that needs", async () => {
    const detected = JSON.parse(await machine.root("guest-tools detect --json"));
    expect(detected.hypervisor).toBe("qemu");
    expect(await machine.root("pidof qemu-ga | wc -w")).toBe("1");
    expect(await machine.root("cat /sys/class/misc/hw_random/rng_current")).toMatch(/virtio/);
  });

  test("keeps data and host keys over a clean restart", async () => {
    hostKeys = await machine.root("cat /etc/ssh/ssh_host_*_key.pub");
    expect(hostKeys).toMatch(/ssh-ed25519/);
    await machine.root("echo hello > /var/lib/boot2podman/note; podman volume create stays");
    const took = await machine.powerDown();
    expect(took).toBeLessThan(20_000);
    await machine.powerOn();
    await machine.waitForSsh();
    expect(await machine.root("cat /etc/ssh/ssh_host_ed25519_key.pub")).toBe(
      hostKeys.split("\n").find((line) => line.startsWith("ssh-ed25519")),
    );
    expect(await machine.root("cat /var/lib/boot2podman/note")).toBe("hello");
    expect(await machine.root("podman volume ls -q")).toMatch(/^stays$/m);
    expect(await machine.root("dmesg | grep -c 'recovering journal' || true")).toBe("0");
  });

  test("keeps them when the plug is pulled", async () => {
    await machine.root("echo again > /var/lib/boot2podman/note; sync");
    await machine.cutPower();
    await machine.powerOn();
    await machine.waitForSsh();
    expect(await machine.root("cat /var/lib/boot2podman/note")).toBe("again");
    expect(await machine.root(`podman run --rm -v box1:/data ${busyboxImage} cat /data/file`)).toBe(
      "kept",
    );
    expect(await machine.root("cat /etc/ssh/ssh_host_ed25519_key.pub")).toBe(
      hostKeys.split("\n").find((line) => line.startsWith("ssh-ed25519")),
    );
  });

  test("has not changed a byte of the foreign disks", async () => {
    await machine.powerDown();
    for (const disk of foreign) {
      const same = (await readFile(disk.file)).equals(await readFile(`${disk.file}.before`));
      expect(same, disk.file).toBe(true);
    }
  });
});
