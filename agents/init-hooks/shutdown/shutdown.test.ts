import { describe, expect, test, vi } from "vitest";
import { FakeKernel } from "../../kernel/fake-kernel.testing.ts";
import type { MountEntry } from "../../kernel/mounts.ts";
import type { RunOptions } from "../../kernel/processes.ts";
import { planShutdown } from "./plan-shutdown.ts";
import { type ShutdownResult, shutDown } from "./shutdown.ts";

const root = { name: "root", uid: 0, gid: 0, home: "/root" };
const tc = { name: "tc", uid: 1000, gid: 50, home: "/home/tc" };

function mount(source: string, target: string, type: string): MountEntry {
  return {
    id: 1,
    parentId: 0,
    device: "8:1",
    root: "/",
    target,
    options: [],
    propagation: [],
    type,
    source,
    superOptions: [],
  };
}

describe("planShutdown", () => {
  test("stops the containers of each owner as that owner", () => {
    const { stops } = planShutdown({
      containerOwners: [0, 1000, 4242],
      users: [root, tc],
      mounts: [],
    });
    expect(stops.map(({ owner, env }) => [owner.uid, env.HOME, env.XDG_RUNTIME_DIR])).toEqual([
      [0, "/root", undefined],
      [1000, "/home/tc", "/run/user/1000"],
    ]);
    expect(stops[0]?.argv).toEqual(["podman", "stop", "--all"]);
  });

  test("takes disks and containers' layers off, the last one mounted first, and leaves the system", () => {
    const mounts = [
      mount("/dev/loop0", "/usr", "squashfs"),
      mount("root", "/", "tmpfs"),
      mount("run", "/run", "tmpfs"),
      mount("/dev/vda1", "/mnt/vda1", "ext4"),
      mount("/dev/vda1", "/var/lib/containers", "ext4"),
      mount("Users", "/Users", "virtiofs"),
      mount("overlay", "/var/lib/containers/storage/overlay/a/merged", "overlay"),
      mount("shm", "/home/tc/.local/share/containers/storage/overlay-containers/b/shm", "tmpfs"),
      mount("/dev/sr0", "/media/cd", "iso9660"),
    ];
    const plan = planShutdown({ containerOwners: [], users: [], mounts });
    expect(plan.disks).toEqual(["/var/lib/containers", "/media/cd"]);
    expect(plan.unmounts).toEqual([
      "/media/cd",
      "/home/tc/.local/share/containers/storage/overlay-containers/b/shm",
      "/var/lib/containers/storage/overlay/a/merged",
      "/var/lib/containers",
      "/mnt/vda1",
    ]);
  });

  test("takes off what others serve, but not what containers' storage is made of", () => {
    const mounts = [
      mount("Users", "/Users", "virtiofs"),
      mount("src", "/home/tc/src", "9p"),
      mount("nas:/data", "/mnt/nfs", "nfs4"),
      mount("vmhgfs-fuse", "/mnt/hgfs", "fuse.vmhgfs-fuse"),
      mount("none", "/sys/fs/fuse/connections", "fusectl"),
      mount("fuse-overlayfs", "/home/tc/.local/share/containers/storage/o/m", "fuse.overlay"),
    ];
    const { shares, disks } = planShutdown({ containerOwners: [], users: [], mounts });
    expect(shares).toEqual(["/mnt/hgfs", "/mnt/nfs", "/home/tc/src", "/Users"]);
    expect(disks).toEqual([]);
  });
});

describe("shutDown", () => {
  function system(): FakeKernel {
    const kernel = new FakeKernel().onRun("podman").lay({
      "/etc/passwd": "root:x:0:0::/root:/bin/sh\ntc:x:1000:50::/home/tc:/bin/sh\n",
      "/proc/1/comm": "init\n",
      "/proc/mounts": "",
      "/proc/meminfo": "Dirty: 12 kB\nWriteback: 0 kB\n",
      "/mnt/vda1": null,
      "/run/boot2podman": null,
    });
    kernel.mount({ source: "/dev/vda1", target: "/mnt/vda1", type: "ext4" });
    kernel.journal.length = 0;
    return kernel;
  }

  test("without containers starts nothing, flushes and takes the disk off", async () => {
    const kernel = system();
    expect(await shutDown(kernel, 60_000)).toEqual({ warnings: [], deadShares: [] });
    expect(kernel.runs).toEqual([]);
    expect(kernel.journal.filter((line) => /^(?:sync|unmount)/.test(line))).toEqual([
      "syncFilesystem /mnt/vda1",
      "unmount /mnt/vda1",
    ]);
  });

  function withServices(): FakeKernel {
    return system().lay({
      "/sys/fs/cgroup/services": null,
      "/proc/70/comm": "conmon\n",
    });
  }

  test("stops services before the other containers, by their own order", async () => {
    const kernel = withServices();
    const asked: string[] = [];
    kernel.answerRequests("/run/boot2podman/services-0.sock", {
      owner: root,
      async answer(text) {
        asked.push(text);
        expect(kernel.runs).toEqual([]);
        kernel.clockMs += 50_000;
        return JSON.stringify({ done: [], failed: [], warnings: [], services: [] });
      },
    });
    expect((await shutDown(kernel, 60_000)).warnings).toEqual([]);
    expect(asked).toEqual(['{"verb":"stop-all","names":[]}']);
    // Both have the one time.
    expect(kernel.runs.map(({ options }): RunOptions => options)).toMatchObject([
      { timeoutMs: 20_000 },
    ]);
  });

  test("goes on when the agent that keeps services is gone", async () => {
    const kernel = withServices();
    const { warnings } = await shutDown(kernel, 60_000);
    expect(warnings.join()).toContain("the resident agent doesn't run");
    expect(kernel.runs.map(({ argv }) => argv[0])).toEqual(["podman"]);
    expect(kernel.journal).toContain("unmount /mnt/vda1");
  });

  function withShare(): FakeKernel {
    const kernel = system().onRun("sync").onRun("umount").lay({ "/Users": null });
    kernel.mount({ source: "Users", target: "/Users", type: "virtiofs" });
    kernel.journal.length = 0;
    return kernel;
  }

  test("takes shares off by programs with deadlines", async () => {
    const kernel = withShare();
    expect(await shutDown(kernel, 60_000)).toEqual({ warnings: [], deadShares: [] });
    const options = kernel.runs.map((run): RunOptions => run.options);
    expect(kernel.runs.map(({ argv }, index) => [...argv, options[index]?.timeoutMs])).toEqual([
      ["sync", "-f", "/Users", 120_000],
      ["umount", "-l", "/Users", 10_000],
    ]);
  });

  test.each(["sync", "umount"])(
    "names a share whose server is gone when %s doesn't end, and takes the disk off",
    async (program) => {
      const kernel = withShare();
      kernel.failOn("run", program, "ETIMEDOUT");
      expect(await shutDown(kernel, 60_000)).toEqual({
        warnings: ["the share on /Users doesn't answer: what was written there last may be lost"],
        deadShares: ["/Users"],
      });
      expect(kernel.journal).toContain("unmount /mnt/vda1");
    },
  );

  test("waits for a share that is slow for as long as something is written, then gives it up", async () => {
    vi.useFakeTimers();
    try {
      const kernel = withShare();
      const left = (kib: number) =>
        kernel.lay({ "/proc/meminfo": `Dirty: ${kib} kB\nWriteback: 8 kB\n` });
      left(3000);
      const run = kernel.run.bind(kernel);
      vi.spyOn(kernel, "run").mockImplementation((argv, options) =>
        argv[0] === "sync" ? new Promise(() => undefined) : run(argv, options),
      );
      let result: ShutdownResult | undefined;
      void shutDown(kernel, 60_000).then((found) => {
        result = found;
      });
      await vi.advanceTimersByTimeAsync(1);
      for (const kib of [2000, 1000]) {
        left(kib);
        await vi.advanceTimersByTimeAsync(20_000);
        expect(result).toBeUndefined();
      }
      await vi.advanceTimersByTimeAsync(20_000);
      expect(result?.deadShares).toEqual(["/Users"]);
    } finally {
      vi.useRealTimers();
    }
  });

  test("says why a share that answers can't be flushed, and takes it off", async () => {
    const kernel = withShare().onRun("sync", { exitCode: 1, stderr: "sync: I/O error\n" });
    expect(await shutDown(kernel, 60_000)).toEqual({
      warnings: ["sync -f /Users: sync: I/O error"],
      deadShares: [],
    });
    expect(kernel.runs.map(({ argv }) => argv[0])).toEqual(["sync", "umount"]);
  });

  test("goes on when the programs for shares can't be started", async () => {
    const kernel = withShare();
    kernel.failOn("run", "sync", "ENOENT");
    const { warnings, deadShares } = await shutDown(kernel, 60_000);
    expect(warnings).toEqual(["run sync: ENOENT (fault of the test)"]);
    expect(deadShares).toEqual([]);
  });

  test("stops containers of root and of the user, with a deadline", async () => {
    const kernel = system().lay({
      "/proc/7/comm": "conmon\n",
      "/proc/8/comm": "conmon\n",
      "/proc/9/comm": "conmon\n",
    });
    kernel.chown("/proc/8", { uid: 1000, gid: 50 });
    kernel.chown("/proc/9", { uid: 1000, gid: 50 });
    expect((await shutDown(kernel, 60_000)).warnings).toEqual([]);
    const options = kernel.runs.map((run): RunOptions => run.options);
    expect(options.map(({ owner, timeoutMs }) => [owner?.uid, timeoutMs])).toEqual([
      [0, 70_000],
      [1000, 70_000],
    ]);
  });

  test("goes on when stopping fails or hangs, and says so", async () => {
    const kernel = system().lay({ "/proc/7/comm": "conmon\n" });
    kernel.failOn("run", "podman", "ETIMEDOUT");
    expect((await shutDown(kernel, 60_000)).warnings).toEqual([
      "containers of uid 0: run podman: ETIMEDOUT (fault of the test)",
    ]);
    expect(kernel.journal).toContain("unmount /mnt/vda1");
    const failing = system().onRun("podman", { exitCode: 125, stderr: "no db\n" });
    failing.lay({ "/proc/7/comm": "conmon\n" });
    expect((await shutDown(failing, 60_000)).warnings).toEqual(["containers of uid 0: no db"]);
  });

  test("kills what didn't stop in time, so that the disk can be taken off", async () => {
    const groups = "/sys/fs/cgroup/user.slice/user-1000";
    const kernel = system().lay({
      "/proc/8/comm": "conmon\n",
      [`${groups}/${"a".repeat(64)}/cgroup.kill`]: "",
      [`${groups}/libpod_parent/cgroup.kill`]: "",
      [`${groups}/session/cgroup.kill`]: "",
      [`${groups}/cgroup.kill`]: "",
    });
    kernel.chown("/proc/8", { uid: 1000, gid: 50 });
    kernel.failOn("run", "podman", "ETIMEDOUT");
    await shutDown(kernel, 60_000);
    const killed = ["a".repeat(64), "libpod_parent", "session", "."].map((name) =>
      kernel.readText(`${groups}/${name}/cgroup.kill`.replace("/./", "/")),
    );
    expect(killed).toEqual(["1", "1", "", ""]);
    expect(kernel.consoleLines).toEqual(["stopping containers, for at most 70 s"]);
  });

  test("takes the last lines of the logs to the disk before that goes", async () => {
    const kernel = system().lay({
      "/var/lib/boot2podman": null,
      "/var/log/sshd.log": "bye\n",
      "/run/boot2podman": null,
    });
    kernel.mount({ source: "/dev/vda1", target: "/var/lib/boot2podman", type: "ext4" });
    kernel.journal.length = 0;
    await shutDown(kernel, 60_000);
    const steps = kernel.journal.filter((line) => /^(?:append|unmount)/.test(line));
    expect(steps[0]).toBe("append /var/lib/boot2podman/log/sshd.log");
    expect(steps.slice(1)).toEqual(["unmount /var/lib/boot2podman", "unmount /mnt/vda1"]);
  });

  test("runs shutdown.sh after the containers and before the disk goes, and says when it failed", async () => {
    const kernel = system()
      .onRun("sh", { exitCode: 4 })
      .lay({ "/var/lib/boot2podman/shutdown.sh": "", "/proc/7/comm": "conmon\n" });
    expect((await shutDown(kernel, 60_000)).warnings).toEqual(["shutdown.sh ended with 4"]);
    expect(kernel.runs.map((run) => run.argv[0])).toEqual(["podman", "/bin/sh"]);
  });

  test("takes swap off that is on a disk, and goes on when that fails", async () => {
    const areas = ["/dev/zram0", "/mnt/vda1/a", "/mnt/vda1/b"];
    const lines = areas.map((path) => `${path} file 8 0 10\n`).join("");
    const kernel = system().lay({ "/proc/swaps": `Filename Type Size Used Priority\n${lines}` });
    kernel.failOn("swapOff", "/mnt/vda1/a", "ENOMEM");
    expect((await shutDown(kernel, 60_000)).warnings).toEqual([
      "swapOff /mnt/vda1/a: ENOMEM (fault of the test)",
    ]);
    expect(kernel.journal.filter((line) => /^(?:swapOff|unmount)/.test(line))).toEqual([
      "swapOff /mnt/vda1/b",
      "unmount /mnt/vda1",
    ]);
  });

  test("detaches a disk that is still in use", async () => {
    const kernel = system();
    kernel.failOn("unmount", "/mnt/vda1", "EBUSY", 1);
    expect((await shutDown(kernel, 60_000)).warnings).toEqual([]);
    expect(kernel.journal.slice(-2)).toEqual([
      "syncFilesystem /mnt/vda1",
      "unmount /mnt/vda1 detach",
    ]);
  });

  test("passes a mount over that went with another one", async () => {
    const kernel = system();
    kernel.failOn("unmount", "/mnt/vda1", "EINVAL");
    expect((await shutDown(kernel, 60_000)).warnings).toEqual([]);
  });

  test("says which disk can't be taken off for another reason", async () => {
    const kernel = system();
    kernel.failOn("unmount", "/mnt/vda1", "EIO");
    expect((await shutDown(kernel, 60_000)).warnings).toEqual([
      "unmount /mnt/vda1: EIO (fault of the test)",
    ]);
  });
});
