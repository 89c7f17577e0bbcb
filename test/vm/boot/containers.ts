import { expect, test } from "vitest";
import { busyboxImage, importBusybox } from "../harness/container-image.ts";
import type { Booted } from "./booted.ts";

/** What Podman can do as root and for the user. */
export function containerTests(booted: Booted): void {
  test("runs a container and prints what it printed", async () => {
    const { machine } = booted;
    const shown = await machine.root(`podman run --rm ${busyboxImage} echo from the container`);
    expect(shown).toBe("from the container");
  });

  test("runs containers through pivot_root, not chroot", async () => {
    const { machine } = booted;
    expect(
      await machine.root("cat /etc/containers/containers.conf.d/*.conf 2>/dev/null || true"),
    ).not.toMatch(/no_pivot_root/);
    const root = await machine.root(
      `podman run --rm ${busyboxImage} grep -c ' / ' /proc/self/mounts`,
    );
    expect(root).toBe("1");
  });

  test("passes a container's exit status on", async () => {
    const { machine } = booted;
    const result = await machine.ssh(`podman run --rm ${busyboxImage} sh -c 'exit 7'`, {
      user: "root",
    });
    expect(result.exitCode).toBe(7);
  });

  test("publishes a port that answers on the host", async () => {
    const { machine, webPort } = booted;
    await machine.root(
      `podman run -d --name web --stop-timeout 2 -p 8080:80 ${busyboxImage} httpd -f -h /www`,
    );
    const answer = await fetch(`http://127.0.0.1:${webPort}/index.html`);
    expect(await answer.text()).toBe("made in the guest\n");
  });

  test("lets containers of one network find each other by name", async () => {
    const { machine } = booted;
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
    const { machine } = booted;
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
    const { machine } = booted;
    const shown = await machine.root(
      `podman run --rm --cpus 0.5 ${busyboxImage} cat /sys/fs/cgroup/cpu.max`,
    );
    expect(shown).toBe("50000 100000");
  });

  test("keeps a volume's data from one container to the next", async () => {
    const { machine } = booted;
    await machine.root("podman volume create box1");
    await machine.root(
      `podman run --rm -v box1:/data ${busyboxImage} sh -c 'echo kept > /data/file'`,
    );
    expect(await machine.root(`podman run --rm -v box1:/data ${busyboxImage} cat /data/file`)).toBe(
      "kept",
    );
  });

  test("builds an image from a Containerfile", async () => {
    const { machine } = booted;
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
    const { machine } = booted;
    await machine.root("podman pod create --name pod1");
    await machine.root(`podman run -d --pod pod1 ${busyboxImage} httpd -f -h /www`);
    const shown = await machine.root(
      `podman run --rm --pod pod1 ${busyboxImage} wget -q -O - http://127.0.0.1/index.html`,
    );
    expect(shown).toBe("made in the guest");
    await machine.root("podman pod rm -f -t 0 pod1");
  });

  test("plays a Kubernetes file", async () => {
    const { machine } = booted;
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
    const { machine } = booted;
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
}
