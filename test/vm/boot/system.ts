import { expect } from "vitest";
import { manifest } from "../harness/artifacts.ts";
import { run } from "../harness/run.ts";
import { test } from "./booted.ts";

/** What the machine is as soon as it is up: who gets in, the root, the stages, the data disk. */
export function systemTests(): void {
  test("logs in by key as the user, who becomes root without a password, and as root", async ({
    booted: { machine },
  }) => {
    expect(await machine.guest("id -un; sudo id -un; sudo -n -u tc id -un")).toBe("tc\nroot\ntc");
    expect(await machine.root("id -un")).toBe("root");
  });

  test("refuses passwords", async ({ booted: { machine } }) => {
    const result = await run([
      ...["ssh", "-F", "/dev/null", "-v", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no"],
      ...["-o", "UserKnownHostsFile=/dev/null", "-o", "PubkeyAuthentication=no"],
      ...["-o", "PreferredAuthentications=password,keyboard-interactive"],
      ...["-p", String(machine.sshPort), "tc@127.0.0.1", "true"],
    ]);
    expect(result.exitCode).toBe(255);
    expect(result.stderr).toMatch(/Permission denied \(publickey\)/);
  });

  test("says what it is in /etc/os-release, one assignment on each line", async ({
    booted: { machine },
  }) => {
    const lines = (await machine.guest("cat /etc/os-release")).split("\n");
    for (const line of lines) {
      expect(line).toMatch(/^[A-Z_]+=[^=]*$/);
    }
    expect(lines).toContain("ID=boot2podman");
    expect(lines).toContain(`VERSION_ID=${manifest().version}`);
  });

  test("has a tmpfs as its root and the disk's image, not a copy, as /usr", async ({
    booted: { machine },
  }) => {
    const mounts = await machine.guest("cat /proc/mounts");
    expect(mounts).toMatch(/^\S+ \/ tmpfs /m);
    const [, disk] = /^\/dev\/(vd[a-z]) \/usr squashfs ro/m.exec(mounts) ?? [];
    expect(await machine.guest(`cat /sys/block/${disk}/serial`)).toBe("boot2podman-usr");
    expect(await machine.guest("boot2podman status")).toContain(
      `usr        on the read-only disk ${disk}\n`,
    );
    expect(await machine.guest("cat /proc/1/comm")).toBe("init");
  });

  test("takes next to no memory for its root: nothing of the image is copied", async ({
    booted: { machine },
  }) => {
    const status = JSON.parse(await machine.guest("boot2podman status --json"));
    const root = status.stages.find((stage: { stage: string }) => stage.stage === "root");
    expect(root.observed.takenBytes).toBeLessThan(8 * 2 ** 20);
  });

  test("draws its boot for everybody who logs in", async ({ booted: { machine } }) => {
    const svg = await machine.guest("boot2podman boot-chart");
    expect(svg).toMatch(/^<svg .*<\/svg>$/s);
    for (const name of ["kernel", "early", "automount", "sshd", "qemu-ga"]) {
      expect(svg).toContain(`>${name}</text>`);
    }
  });

  test("formats the disk that asks for it, and keeps the containers on it", async ({
    booted: { machine },
  }) => {
    const mounts = await machine.guest("cat /proc/mounts");
    expect(mounts).toMatch(/^\/dev\/vda1 \/mnt\/vda1 ext4 rw/m);
    expect(mounts).toMatch(/^\/dev\/vda1 \/var\/lib\/containers ext4 rw/m);
    expect(mounts).toMatch(/^\/dev\/vda1 \/var\/lib\/boot2podman ext4 rw/m);
    const said = await machine.guest("automount status");
    expect(said).toMatch(/^ok: \/dev\/vda1 on \/mnt\/vda1/m);
    expect(said).toMatch(/^the data disk is \/dev\/vda1 \(ext4\), mounted at \/mnt\/vda1$/m);
    expect(await machine.root("blkid -s LABEL -o value /dev/vda1")).toBe("boot2podman-data");
    expect(await machine.root("head -c 29 /dev/vda | grep -c format-me || true")).toBe("0");
  });

  test("shows a table of stages, none failed, and the same as JSON", async ({
    booted: { machine },
  }) => {
    const table = await machine.guest("boot2podman status");
    for (const stage of ["cgroups", "devices", "network", "automount", "sshkeys"]) {
      expect(table).toMatch(new RegExp(`^${stage} +ok`, "m"));
    }
    const status = JSON.parse(await machine.guest("boot2podman status --json"));
    const failed = status.stages.filter((stage: { result: string }) => stage.result === "failed");
    expect(failed).toEqual([]);
    expect(status.version).toBe(manifest().version);
  });

  test("uses cgroup v2 with every controller handed down from the root", async ({
    booted: { machine },
  }) => {
    const mounts = await machine.guest("cat /proc/mounts");
    expect(mounts).toMatch(/^cgroup2 \/sys\/fs\/cgroup cgroup2 /m);
    const controllers = await machine.guest("cat /sys/fs/cgroup/cgroup.controllers");
    const handedDown = await machine.guest("cat /sys/fs/cgroup/cgroup.subtree_control");
    expect(handedDown.split(" ").sort()).toEqual(controllers.split(" ").sort());
    expect(controllers).toMatch(/memory/);
  });

  test("knows which hypervisor it is on and runs what that needs", async ({
    booted: { machine },
  }) => {
    const detected = JSON.parse(await machine.root("guest-tools detect --json"));
    expect(detected.hypervisor).toBe("qemu");
    expect(await machine.root("pidof qemu-ga | wc -w")).toBe("1");
    expect(await machine.root("cat /sys/class/misc/hw_random/rng_current")).toMatch(/virtio/);
  });
}
