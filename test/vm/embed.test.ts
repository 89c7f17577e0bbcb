import { chmod, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, expect, test } from "vitest";
import { usrIdBlock, usrIdBytes } from "../../image/usr/usr-id.ts";
import { busyboxImage } from "./harness/container-image.ts";
import type { Identity } from "./harness/data-disk.ts";
import { eventually } from "./harness/eventually.ts";
import { type DiskOptions, dist } from "./harness/qemu.ts";
import { run, runOk } from "./harness/run.ts";
import { TestMachine } from "./harness/test-machine.ts";
import { usedDisk } from "./harness/used-disk.ts";

let identity: Identity;
let machine: TestMachine;
/** What the one container printed that ran. */
let shown: string;
afterAll(async () => {
  await machine?.remove();
  await rm(identity.folder, { recursive: true, force: true });
});

const usrImage = path.join(dist, "boot2podman-usr.img");

async function lastBlock(file: string): Promise<Buffer> {
  return (await readFile(file)).subarray(-usrIdBytes);
}

/** A read-only disk that claims to carry /usr, by the block that it ends with, and has nothing. */
async function usrDisk(file: string, end: Buffer): Promise<DiskOptions> {
  await writeFile(file, Buffer.concat([Buffer.alloc(1 << 20), end]));
  return { file, format: "raw", bus: "virtio", readOnly: true };
}

test("the option embed keeps the kernel's own root, and podman then does without pivot_root", async () => {
  const used = await usedDisk();
  identity = used.identity;
  const { folder } = identity;
  const disks = [
    used.disk,
    await usrDisk(path.join(folder, "foreign.img"), usrIdBlock("0".repeat(32))),
    await usrDisk(path.join(folder, "damaged.img"), await lastBlock(usrImage)),
  ];
  // With words for the test below, which needs a boot of its own as little.
  const append = "embed cgroup=v1 pwauth noautologin boot2podman.usr=disk";
  machine = await TestMachine.start({ append, disks, usr: "ram", key: identity.key });
  const mounts = await machine.guest("cat /proc/mounts");
  expect(mounts).toMatch(/^\S+ \/ (rootfs|ramfs|none) /m);
  expect(mounts).toMatch(/^\/dev\/loop0 \/usr squashfs ro/m);
  const status = await eventually(
    () => machine.guest("boot2podman status"),
    (text) => /^memory +ok/m.test(text),
  );
  expect(status).toMatch(
    /^memory +ok .*; \/usr on the data disk; containers at most \d+ MiB then$/m,
  );
  expect(status).toContain("usr        a file on the data disk vda1\n");
  expect(await machine.guest("cat /sys/block/loop0/loop/backing_file")).toBe(
    "/var/lib/boot2podman/usr/usr.squashfs",
  );
  // It went with the initial RAM disk, but for the loop device, which kept it: memory that nothing can take away.
  const unevictable = await machine.guest("awk '/^Unevictable/ { print $2 }' /proc/meminfo");
  expect(Number(unevictable)).toBeLessThan(40_000);
  const said = await readFile(machine.console, "utf8");
  expect(said).toContain("the disk vdb has the /usr of another build: not used");
  expect(said).toContain("/usr of the disk vdc can't be mounted: it is damaged");
  shown = await machine.root(
    `podman run --rm --pids-limit 77 ${busyboxImage} sh -c 'echo embedded; cat /sys/fs/cgroup/pids/pids.max' 2>/dev/null`,
  );
  expect(shown).toMatch(/^embedded$/m);
  const pivot = await machine.ssh(
    `CONTAINERS_CONF=/usr/share/containers/containers.conf podman run --rm --network none ${busyboxImage} echo no`,
    { user: "root" },
  );
  expect(pivot.stderr).toMatch(/pivot_root/);
});

test("pwauth lets the user in by the documented password, not root, and says so loudly", async () => {
  const ask = path.join(machine.folder, "ask");
  await writeFile(ask, "#!/bin/sh\necho tcuser\n");
  await chmod(ask, 0o755);
  const byPassword = (user: string) =>
    run(
      [
        ...["ssh", "-F", "/dev/null", "-o", "StrictHostKeyChecking=no"],
        ...["-o", "UserKnownHostsFile=/dev/null", "-o", "PubkeyAuthentication=no"],
        ...["-o", "NumberOfPasswordPrompts=1", "-p", String(machine.sshPort)],
        ...[`${user}@127.0.0.1`, "sudo id -un"],
      ],
      { env: { ...process.env, SSH_ASKPASS: ask, SSH_ASKPASS_REQUIRE: "force" } },
    );
  expect((await byPassword("tc")).stdout.trim()).toBe("root");
  const root = await byPassword("root");
  expect(root.exitCode).toBe(255);
  expect(root.stderr).toContain("Permission denied");
  const console = await readFile(machine.console, "utf8");
  expect(console).toContain('can log in as tc with the documented password "tcuser"');
  // And a console that asks now has an account to let in.
  expect(console).toMatch(/login: *$/m);
});

test("with cgroup=v1 each controller that the kernel still has is mounted, and containers run", async () => {
  const mounts = await machine.guest("cat /proc/mounts");
  expect(mounts).toMatch(/^cgroup \/sys\/fs\/cgroup tmpfs /m);
  for (const name of ["cpu", "pids", "freezer"]) {
    expect(mounts).toMatch(
      new RegExp(`^cgroup /sys/fs/cgroup/${name} cgroup .*\\b${name}\\b`, "m"),
    );
  }
  expect(mounts).toMatch(/^none \/sys\/fs\/cgroup\/systemd cgroup .*name=systemd/m);
  expect(await machine.root("podman info -f '{{.Host.CgroupsVersion}}' 2>/dev/null")).toBe("v1");
  expect(shown).toMatch(/^77$/m);
  expect(await machine.guest("boot2podman status")).toMatch(
    /^cgroups +ok .* v1: .*cpu.*; this kernel has no v1 .*memory/m,
  );
});

test("with /usr on the data disk this is taken off all the same, and is clean after the shutdown", async () => {
  // Nothing of it is in memory by then: what the shutdown runs comes from the disk.
  await machine.root("echo 3 >/proc/sys/vm/drop_caches");
  await machine.powerDown();
  const [{ file } = { file: "" }] = machine.options.disks ?? [];
  const state = await runOk(["dumpe2fs", "-h", `${file}?offset=${2 ** 20}`]);
  expect(state).toMatch(/Filesystem state: +clean/);
  expect(state).not.toMatch(/needs_recovery/);
});
