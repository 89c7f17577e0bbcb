import { expect } from "vitest";
import { busyboxImage } from "../harness/container-image.ts";
import { test } from "./surrounded.ts";
import { until } from "./until.ts";

/** Little memory: swap, full folders, and a container that wants all of it. */
export function memoryTests(): void {
  test("swap is a quarter of the free memory, compressed, and a file on the data disk", async ({
    surrounded: { machine },
  }) => {
    await until(machine, "test -e /run/boot2podman/memory.json");
    const swaps = await machine.root("cat /proc/swaps");
    expect(swaps).toMatch(/^\/dev\/zram0\s.*\s100$/m);
    expect(swaps).toMatch(/^\/var\/lib\/boot2podman\/swapfile\s.*\s10$/m);
    expect(await machine.root("stat -c %a /var/lib/boot2podman/swapfile")).toBe("600");
  });

  test("a full /tmp, /run and /dev/shm are error messages, and one logs in and runs containers still", async ({
    surrounded: { machine },
  }) => {
    // Its first run of a boot makes its locks in /dev/shm, and ends by SIGBUS where they find no room.
    await machine.root("podman ps -q");
    const filled = await machine.ssh(
      "for folder in /run /dev/shm /tmp; do cat /dev/zero > $folder/full; done; df -m /run /dev/shm /tmp",
      { user: "root" },
    );
    expect(filled.stderr.match(/No space left on device/g)).toHaveLength(3);
    expect(filled.stdout.match(/ 100% /g)).toHaveLength(3);
    await machine.closeSessions();
    expect(await machine.root("rm /run/full; echo still in")).toBe("still in");
    expect(await machine.root(`podman run --rm ${busyboxImage} echo container`)).toBe("container");
    await machine.root("rm /dev/shm/full /tmp/full");
    expect(await machine.root("dmesg | grep -c oom-kill || true")).toBe("0");
  });

  test("a container that takes all memory is ended, and nothing else; meanwhile one can log in", async ({
    surrounded: { machine },
  }) => {
    expect(await machine.root("cat /proc/$(cat /run/sshd.pid)/oom_score_adj")).toBe("-1000");
    const agent = await machine.root("pidof init-hooks");
    const script = "x=aaaaaaaaaaaaaaaa; while :; do x=$x$x; done";
    const eater = machine.ssh(
      `podman run --rm --network none --name eater ${busyboxImage} sh -c '${script}'`,
      {
        timeoutMs: 800_000,
      },
    );
    expect(await machine.root("sleep 5; echo in")).toBe("in");
    expect((await eater).exitCode).toBe(137);
    await machine.closeSessions();
    for (const line of (await machine.root("dmesg | grep 'Killed process'")).split("\n")) {
      expect(line).toMatch(/\(sh\).*oom_score_adj:500/);
    }
    expect(await machine.root("pidof init-hooks")).toBe(agent);
    expect(await machine.root("podman info --format '{{.Host.OCIRuntime.Name}}'")).toBe("crun");
  });
}
