import { describe, expect, test } from "vitest";
import { FakeKernel } from "../../kernel/fake-kernel.testing.ts";
import { defaultBootOptions } from "../../settings/boot-options.ts";
import { stepText } from "../../steps/step.ts";
import { mebibyte } from "../../units/bytes.ts";
import { enterNewRoot } from "./enter-new-root.ts";
import { planNewRoot, rootSizeBytes, skeleton } from "./plan-new-root.ts";

const facts = {
  newRoot: "/newroot",
  availableBytes: 800 * mebibyte,
  usrEntries: ["bin", "lib", "sbin"],
};

test.each([
  [40, 32],
  [128, 32],
  [150, 54],
  [480, 384],
  [800, 640],
  [4000, 3200],
])("of %i MiB available the root may take %i", (available, size) => {
  expect(rootSizeBytes(available * mebibyte)).toBe(size * mebibyte);
});

describe("planNewRoot", () => {
  test("for noembed mounts a tmpfs first, binds the mounts after copying, and shares it last", () => {
    const { root, steps } = planNewRoot({ ...facts, mode: "noembed" });
    const words = steps.map(stepText);
    expect(root).toBe("/newroot");
    expect(words.slice(0, 3)).toEqual([
      "make folder /newroot",
      `mount root on /newroot (tmpfs,nosuid,nodev,mode=755,size=${640 * mebibyte})`,
      `copy ${skeleton} into /newroot/`,
    ]);
    const binds = words.filter((line) => line.includes("bind"));
    expect(binds).toEqual([
      "mount /usr on /newroot/usr (bind,rec)",
      "mount /proc on /newroot/proc (bind,rec)",
      "mount /sys on /newroot/sys (bind,rec)",
      "mount /dev on /newroot/dev (bind,rec)",
    ]);
    expect(words.indexOf(binds[0] ?? "")).toBeGreaterThan(2);
    expect(words.at(-1)).toBe("mount none on /newroot (rec,shared)");
  });

  test("for embed mounts nothing but /run, and a /tmp that can't fill the memory", () => {
    const { root, steps } = planNewRoot({ ...facts, mode: "embed" });
    expect(root).toBe("/");
    const mounts = steps.filter((step) => step.do === "mount");
    expect(mounts.map((mount) => mount.target)).toEqual(["/tmp", "/run", "/"]);
  });

  test("links only what /usr has: no lib64 where the architecture has none", () => {
    const { steps } = planNewRoot({ ...facts, mode: "noembed" });
    const links = steps.filter((step) => step.do === "link").map((step) => step.path);
    expect(links).toContain("/newroot/bin");
    expect(links).not.toContain("/newroot/lib64");
  });
});

describe("enterNewRoot", () => {
  function initramfs(): FakeKernel {
    const kernel = new FakeKernel().lay({
      "/proc/meminfo": "MemAvailable: 819200 kB\n",
      "/sys": null,
      "/dev/null": "",
      "/usr/bin/sh": "elf",
      "/init": "script",
      "/initrd": null,
      [`${skeleton}/etc/hostname`]: "box\n",
      [`${skeleton}/home/tc`]: null,
    });
    for (const name of ["usr", "proc", "sys", "dev"]) {
      kernel.filesystems.set(`/of-${name}`, kernel.tree.getFolder("test", `/${name}`));
      kernel.tree.root.children.delete(name);
      kernel.lay({ [`/${name}`]: null });
      kernel.mount({ source: `/of-${name}`, target: `/${name}`, type: "test" });
    }
    kernel.mkfifo("/initrd/ready");
    return kernel;
  }
  const request = { newRoot: "/newroot", readyFifo: "/initrd/ready" };

  test("makes the tmpfs this process's root, with the skeleton, /usr, /proc, /sys and /dev", () => {
    const kernel = initramfs();
    const { record } = enterNewRoot(kernel, defaultBootOptions, request);
    expect(kernel.readText("/etc/hostname")).toBe("box\n");
    expect(kernel.readText("/bin/sh")).toBe("elf");
    expect(kernel.exists("/proc/meminfo")).toBe(true);
    expect(kernel.exists("/dev/null")).toBe(true);
    expect(kernel.exists("/init")).toBe(false);
    expect(kernel.stat("/tmp")?.mode).toBe(0o1777);
    expect(record).toMatchObject({ stage: "root", result: "ok" });
    expect(record.done.length).toBeGreaterThan(10);
  });

  test("tells PID 1 only when asked to, and after its own move", () => {
    const kernel = initramfs();
    const fifo = kernel.tree.get("test", "/initrd/ready", false);
    const entered = enterNewRoot(kernel, defaultBootOptions, request);
    expect(kernel.journal.at(-1)).toBe("chroot /newroot");
    expect(fifo.content).toHaveLength(0);
    entered.tellReady();
    expect(Buffer.from(fifo.content).toString()).toBe("ready /newroot\n");
  });

  test("stays in the rootfs for embed and says so", () => {
    const kernel = initramfs();
    const entered = enterNewRoot(kernel, { ...defaultBootOptions, root: "embed" }, request);
    entered.tellReady();
    expect(kernel.readText("/initrd/ready")).toBe("ready /\n");
    expect(kernel.exists("/init")).toBe(true);
    expect(kernel.readText("/etc/hostname")).toBe("box\n");
    expect(kernel.journal.some((line) => line.startsWith("chroot"))).toBe(false);
  });

  test("throws what a failing step threw, so that PID 1 goes the plain way", () => {
    const kernel = initramfs();
    kernel.failOn("mount", "/newroot", "ENOMEM");
    expect(() => enterNewRoot(kernel, defaultBootOptions, request)).toThrow(
      "mount /newroot: ENOMEM",
    );
  });

  test("can be made to fail by the fault option", () => {
    const options = { ...defaultBootOptions, faults: ["root"] };
    expect(() => enterNewRoot(initramfs(), options, request)).toThrow("boot2podman.fault");
  });
});
