import { describe, expect } from "vitest";
import { busyboxImage, importBusybox } from "../harness/container-image.ts";
import { test } from "./booted.ts";

/** Looks that a container can have at itself, each printed below its own name. */
function lookingAt(looks: Readonly<Record<string, string>>): string {
  const script = Object.entries(looks).map(([name, command]) => `echo "== ${name}"; ${command}`);
  return `sh -c '${script.join("; ")}'`;
}

/** What it saw, by the names. */
function looksIn(printed: string): Record<string, string> {
  const parts = printed.split(/^== /m).slice(1);
  return Object.fromEntries(
    parts.map((part) => {
      const [name = "", ...lines] = part.trimEnd().split("\n");
      return [name, lines.join("\n")];
    }),
  );
}

const limits = "cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/cpu.max";

/**
 * What Podman can do as root and for the user. Each start of Podman costs seconds under emulation, and a third
 * of them goes to the network: what one container can show is shown by one, without a network where none is needed.
 */
export function containerTests(): void {
  selfPortraitTests();

  test("publishes a port that answers on the host", async ({ booted: { machine, webPort } }) => {
    await machine.root(
      `podman network create net1 && podman run -d --name web --network net1 --stop-timeout 2 -p 8080:80 ${busyboxImage} sh -c 'httpd -h /www; echo serving; exec sleep 10000' && until podman logs web | grep -q serving; do usleep 300000; done`,
    );
    const answer = await fetch(`http://127.0.0.1:${webPort}/index.html`);
    expect(await answer.text()).toBe("made in the guest\n");
  });

  test("lets containers of one network find each other by name", async ({
    booted: { machine },
  }) => {
    const shown = await machine.root(
      `podman run --rm --network net1 ${busyboxImage} wget -q -O - http://web/index.html`,
    );
    expect(shown).toBe("made in the guest");
  });

  test("kills a container that takes more memory than it may", async ({ booted: { machine } }) => {
    const result = await machine.ssh(
      `podman run --rm --network none -m 32m --memory-swap 32m ${busyboxImage} dd if=/dev/zero of=/dev/null bs=64M count=1`,
      { user: "root" },
    );
    expect(result.exitCode).toBe(137);
  });

  test("keeps a volume's data from one container to the next", async ({ booted: { machine } }) => {
    expect(
      await machine.root(
        `podman run --rm --network none -v box1:/data ${busyboxImage} cat /data/file`,
      ),
    ).toBe("kept");
  });

  test("builds an image from a Containerfile", async ({ booted: { machine } }) => {
    const containerfile = `FROM ${busyboxImage}\nRUN echo built > /built\nCMD ["cat", "/built"]\n`;
    await machine.root(
      "podman build -q -t localhost/built -f - /var/empty || podman build -q -t localhost/built -f - /mnt",
      {
        input: containerfile,
      },
    );
    expect(await machine.root("podman run --rm --network none localhost/built")).toBe("built");
  });

  test("plays a Kubernetes file, whose pod has one network for all of its containers", async ({
    booted: { machine },
  }) => {
    // Ends when it is told to, so that nobody waits for its grace to be over.
    const serve = "httpd -h /www; trap exit TERM; while :; do sleep 1; done";
    const file = [
      "apiVersion: v1",
      "kind: Pod",
      "metadata: { name: played }",
      "spec:",
      "  containers:",
      `    - { name: one, image: "${busyboxImage}", imagePullPolicy: Never, command: [sh, -c, "${serve}"] }`,
    ].join("\n");
    await machine.root("podman kube play -", { input: file });
    expect(await machine.root("podman ps --format '{{.Names}}'")).toMatch(/^played-one$/m);
    const shown = await machine.root(
      `podman run --rm --pod played ${busyboxImage} wget -q -O - http://127.0.0.1/index.html`,
    );
    expect(shown).toBe("made in the guest");
    await machine.root("podman kube down -", { input: file });
    expect(await machine.root("podman pod ps -q")).toBe("");
  });

  test("has the user run rootless containers with working limits and published ports", async ({
    booted: { machine },
  }) => {
    await importBusybox(machine, "tc");
    await machine.guest(
      `podman run -d --name mine -m 48m --cpus 0.5 -p 8081:80 ${busyboxImage} sh -c 'httpd -h /www; id -u; ${limits}; exec sleep 10000'`,
    );
    // Sessions come before containers when the processor is busy: its first lines tell that it serves.
    const printed = await machine.guest(
      "until podman logs mine | grep 00000; do usleep 300000; done >/dev/null; podman logs mine",
    );
    expect(printed).toBe(`0\n${48 * 2 ** 20}\n50000 100000`);
    expect(await machine.guest("wget -q -O - http://127.0.0.1:8081/index.html")).toBe(
      "made in the guest",
    );
    await machine.guest("podman rm -f -t 0 mine");
  });
}

/** One container, with limits and a volume, which looks at itself, writes, and ends with a status of its own. */
function selfPortraitTests(): void {
  describe("one container", () => {
    let exitCode: number;
    let saw: Record<string, string>;

    test.beforeAll(async ({ booted: { machine } }) => {
      const look = lookingAt({
        printed: "echo from the container",
        roots: 'grep -c " / " /proc/self/mounts',
        limits,
        status: "echo kept >/data/file; exit 7",
      });
      const result = await machine.ssh(
        `podman volume create box1 && podman run --rm --network none -m 32m --cpus 0.5 -v box1:/data ${busyboxImage} ${look}`,
        { user: "root" },
      );
      exitCode = result.exitCode;
      saw = looksIn(result.stdout);
    });

    test("runs a container and prints what it printed", () => {
      expect(saw.printed).toBe("from the container");
    });

    test("runs containers through pivot_root, not chroot", async ({ booted: { machine } }) => {
      expect(
        await machine.root("cat /etc/containers/containers.conf.d/*.conf 2>/dev/null || true"),
      ).not.toMatch(/no_pivot_root/);
      expect(saw.roots).toBe("1");
    });

    test("limits a container's memory and CPU time", () => {
      expect(saw.limits).toBe(`${32 * 2 ** 20}\n50000 100000`);
    });

    test("passes a container's exit status on", () => {
      expect(exitCode).toBe(7);
    });
  });
}
