import { expect, test } from "vitest";
import { FakeKernel } from "../kernel/fake-kernel.testing.ts";
import { boot } from "./boot.ts";
import { skeleton } from "./new-root/plan-new-root.ts";

/** An initial RAM disk as /init leaves it, in which nothing but the root can be made. */
function initramfs(commandLine = ""): FakeKernel {
  const kernel = new FakeKernel().lay({
    "/proc/cmdline": commandLine,
    "/proc/meminfo": "MemAvailable: 819200 kB\n",
    "/sys": null,
    "/dev": null,
    "/usr/bin": null,
    "/initrd": null,
    [`${skeleton}/etc/passwd`]: "tc:x:1000:50::/home/tc:/bin/sh\n",
  });
  kernel.mkfifo("/initrd/ready");
  kernel.journal.length = 0;
  return kernel;
}

const initramfsRequest = { initramfs: { newRoot: "/newroot", readyFifo: "/initrd/ready" } };

test("PID 1 hears that the root is ready only when all gates are shut there", () => {
  const kernel = initramfs();
  void boot(kernel, initramfsRequest);
  const steps = kernel.journal.filter((line) => /chroot|holdFifo|initrd.ready/.test(line));
  expect(steps).toEqual([
    "chroot /newroot",
    "holdFifo /run/boot2podman/gate/sshd",
    "holdFifo /run/boot2podman/gate/console",
    "holdFifo /run/boot2podman/gate/watch",
    "holdFifo /run/boot2podman/gate/acpid",
    "append /initrd/ready",
  ]);
  expect(kernel.exists("/run/boot2podman/root.json")).toBe(true);
});

test("a boot option that isn't understood is said on the console and stops nothing", () => {
  const kernel = initramfs("boot2podman.foo=1");
  void boot(kernel, initramfsRequest);
  expect(kernel.readText("/boot.log")).toMatch(
    /^boot2podman \S+, kernel \S+, \S+ by .*\ncommand line: boot2podman.foo=1\n\n/,
  );
  expect(kernel.consoleLines).toEqual(["boot option boot2podman.foo=1 is unknown"]);
  expect(kernel.journal).toContain("append /initrd/ready");
});

test("a root that can't be prepared ends the boot before PID 1 hears anything", async () => {
  const kernel = initramfs();
  kernel.failOn("mount", "/newroot/run", "ENOMEM");
  await expect(boot(kernel, initramfsRequest)).rejects.toThrow("mount /newroot/run: ENOMEM");
  expect(kernel.readText("/initrd/ready")).toBe("");
});
