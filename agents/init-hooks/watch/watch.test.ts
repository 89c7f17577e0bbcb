import { describe, expect, test, vi } from "vitest";
import type { ListeningSocket } from "../../kernel/events.ts";
import { FakeKernel } from "../../kernel/fake-kernel.testing.ts";
import type { SpawnOptions } from "../../kernel/processes.ts";
import { openModuleLoader } from "../../modules/module-loader.ts";
import { readProvisions } from "../../provision/read-provisions.ts";
import { defaultBootOptions } from "../../settings/boot-options.ts";
import { openDhcpClients } from "../network/dhcp-clients.ts";
import { openDhcpProxySocket, serveDhcpProxy } from "./dhcp-proxy.ts";
import { startHotplug } from "./hotplug.ts";
import { openPodmanSocket, pauseMs, podmanSocketPath, serveSocket } from "./podman-socket.ts";
import {
  openUserPodmanSocket,
  serveBothPodmans,
  userServiceCommand,
} from "./user-podman-socket.ts";

/** Waits until it holds, on a busy machine too. */
const eventually = (check: () => void) => vi.waitFor(check, { timeout: 60_000 });

describe("podman's socket", () => {
  test("is root's alone, and has docker's name too", () => {
    const kernel = new FakeKernel().lay({ "/run": null });
    openPodmanSocket(kernel);
    expect(kernel.stat("/run/podman")?.mode).toBe(0o700);
    expect(kernel.stat(podmanSocketPath)).toMatchObject({ kind: "socket", mode: 0o600 });
    expect(kernel.realpath("/run/docker.sock")).toBe("/run/podman/podman.sock");
    expect(() => openPodmanSocket(kernel)).not.toThrow();
  });

  test("starts podman at each connection, with the socket as descriptor 3", async () => {
    const kernel = new FakeKernel().onRun("sh");
    let connections = 0;
    const socket: ListeningSocket = {
      fd: 41,
      close: () => undefined,
      connection: () => {
        connections += 1;
        return connections <= 2 ? Promise.resolve() : new Promise(() => undefined);
      },
    };
    void serveSocket(kernel, socket);
    await eventually(() => expect(connections).toBe(3));
    expect(kernel.runs).toHaveLength(2);
    const { argv, options } = kernel.runs[0] ?? { argv: [], options: {} };
    expect(argv[2]).toMatch(/^export LISTEN_PID=\$\$; .*exec "\$@"$/);
    expect(argv.slice(-4)).toEqual(["podman", "system", "service", "--time=60"]);
    const spawned: SpawnOptions = options;
    expect(spawned.fd3).toBe(41);
    expect(spawned.env?.LISTEN_FDS).toBe("1");
  });

  test("stays when podman can't be started, and tries again after a pause", async () => {
    vi.useFakeTimers();
    const kernel = new FakeKernel().onRun("sh", { exitCode: 125 });
    kernel.failOn("spawn", "/bin/sh", "ENOENT", 1);
    const socket: ListeningSocket = {
      fd: 41,
      close: () => undefined,
      connection: () => Promise.resolve(),
    };
    void serveSocket(kernel, socket);
    await vi.advanceTimersByTimeAsync(500);
    expect(kernel.kernelLog).toEqual([
      "podman's service can't be started: spawn /bin/sh: ENOENT (fault of the test)",
    ]);
    await vi.advanceTimersByTimeAsync(600);
    expect(kernel.kernelLog.at(-1)).toMatch(/ended with 125: see /);
    expect(kernel.kernelLog).toHaveLength(2);
    vi.useRealTimers();
  });

  test("waits longer after each failure, up to a minute", () => {
    expect([1, 2, 3, 6, 7, 50].map(pauseMs)).toEqual([1000, 2000, 4000, 32_000, 60_000, 60_000]);
  });
});

test("networks of macvlan with DHCP find their proxy, which starts when it is asked", async () => {
  const kernel = new FakeKernel().onRun("netavark").lay({ "/run/podman": null });
  openDhcpProxySocket(kernel);
  expect(kernel.stat("/run/podman/nv-proxy.sock")).toMatchObject({ kind: "socket", mode: 0o600 });
  let connections = 0;
  void serveDhcpProxy(kernel, {
    fd: 42,
    close: () => undefined,
    connection: () => {
      connections += 1;
      return connections === 1 ? Promise.resolve() : new Promise(() => undefined);
    },
  });
  await eventually(() => expect(connections).toBe(2));
  expect(kernel.runs[0]).toMatchObject({
    argv: ["/usr/lib/podman/netavark", "dhcp-proxy", "-a", "30"],
    options: { fd3: 42, env: { LISTEN_FDS: "1" } },
  });
});

test("Varlink's sockets are served when somebody connects: Podman's are its owner's, the resolver is anybody's", async () => {
  const kernel = new FakeKernel().onRun("varlink").onRun("sh").lay({
    "/run": null,
    "/run/boot2podman": null,
    "/run/user/1000": null,
    "/etc/passwd": "tc:x:1000:50::/home/tc:/bin/sh\n",
  });
  void serveBothPodmans(kernel, "tc");
  expect(kernel.stat("/run/podman")?.mode).toBe(0o700);
  expect(kernel.stat("/run/podman/io.podman")).toMatchObject({ kind: "socket", mode: 0o600 });
  expect(kernel.stat("/run/org.varlink.resolver")).toMatchObject({ kind: "socket", mode: 0o666 });
  expect(kernel.stat("/run/boot2podman/io.boot2podman")).toMatchObject({ mode: 0o666 });
  expect(kernel.stat("/run/boot2podman/io.boot2podman-root")).toMatchObject({ mode: 0o600 });
  expect(kernel.stat("/run/user/1000/podman/io.podman")).toMatchObject({ mode: 0o600, uid: 1000 });
});

describe("the user's podman", () => {
  const user = { name: "tc", uid: 1000, gid: 50, home: "/home/tc" };

  test("has a socket of the user's, where clients look for it", () => {
    const kernel = new FakeKernel().lay({ "/run/boot2podman": null, "/run/user/1000": null });
    openUserPodmanSocket(kernel, user);
    expect(kernel.stat("/run/user/1000/podman/podman.sock")).toMatchObject({
      kind: "socket",
      mode: 0o600,
      uid: 1000,
      gid: 50,
    });
    expect(kernel.stat("/run/user/1000/podman")).toMatchObject({ mode: 0o700, uid: 1000 });
    expect(() => openUserPodmanSocket(kernel, user)).not.toThrow();
  });

  test("has one for Varlink beside it", () => {
    const kernel = new FakeKernel().lay({ "/run/boot2podman": null, "/run/user/1000": null });
    openUserPodmanSocket(kernel, user);
    openUserPodmanSocket(kernel, user, "io.podman");
    expect(kernel.stat("/run/user/1000/podman/io.podman")).toMatchObject({
      kind: "socket",
      mode: 0o600,
      uid: 1000,
    });
    expect(kernel.realpath("/run/user/1000/podman/podman.sock")).not.toBe(
      kernel.realpath("/run/user/1000/podman/io.podman"),
    );
  });

  test("root follows no link that the user laid", () => {
    const kernel = new FakeKernel().lay({
      "/run/boot2podman": null,
      "/run/user/1000": null,
      "/etc": null,
    });
    kernel.symlink("/etc", "/run/user/1000/podman");
    openUserPodmanSocket(kernel, user);
    expect(kernel.lstat("/etc/podman.sock")).toBeUndefined();
  });

  test("is run by the user, in the cgroup of the user's sessions", () => {
    const command = userServiceCommand(user);
    expect(command[2]).toContain("user-1000/session/cgroup.procs");
    expect(command[2]).toContain('exec su -s /bin/sh "$1" -c "$2"');
    expect(command.slice(4)).toEqual([
      "tc",
      "cd; [ -r /etc/profile.d/default-env.sh ] && . /etc/profile.d/default-env.sh; export LISTEN_PID=$$ XDG_RUNTIME_DIR=/run/user/1000; exec podman system service --time=60",
    ]);
  });
});

describe("hotplug", () => {
  const add = (values: Record<string, string>) => ({
    action: "add",
    devpath: "/devices/x",
    values,
  });

  function system() {
    const kernel = new FakeKernel().onRun("modprobe").onRun("udhcpc").lay({
      "/proc/sys/kernel/osrelease": "6\n",
      "/lib/modules/6/modules.alias":
        "alias virtio:d00000001v* virtio_net\nalias virtio:d00000002v* virtio_blk\n",
      "/sys/class/net/lo/type": "772\n",
    });
    const clients = openDhcpClients(kernel);
    clients.begin();
    const state = { loader: openModuleLoader(kernel, []), clients, seen: new Set<string>() };
    const start = () => startHotplug(kernel, defaultBootOptions, state);
    const started = (program: string) =>
      kernel.runs.filter((run) => run.argv[0] === program).map((run) => run.argv.join(" "));
    return { kernel, start, started };
  }

  test("looks once at what came while nobody listened", async () => {
    const { kernel, start, started } = system();
    kernel.lay({ "/sys/bus/virtio/devices/virtio0/modalias": "virtio:d00000002v1\n" });
    start();
    await eventually(() => expect(started("modprobe")).toEqual(["modprobe -a -b -q virtio_blk"]));
  });

  test("loads the module of a new device", async () => {
    const { kernel, start, started } = system();
    start();
    kernel.emitUevent(add({ MODALIAS: "virtio:d00000001v1", SUBSYSTEM: "virtio" }));
    kernel.emitUevent({ ...add({ MODALIAS: "virtio:d00000002v1" }), action: "remove" });
    await eventually(() => expect(started("modprobe")).toEqual(["modprobe -a -b -q virtio_net"]));
  });

  test("starts DHCP on a new interface, not on a bridge, and ends it when the interface is gone", async () => {
    const { kernel, start, started } = system();
    start();
    kernel.lay({ "/sys/class/net/podman0/type": "1\n" });
    kernel.emitUevent(add({ SUBSYSTEM: "net", INTERFACE: "podman0" }));
    kernel.lay({ "/sys/class/net/eth1/type": "1\n", "/sys/class/net/eth1/device": null });
    let exit = (_: number): void => undefined;
    const spawn = kernel.spawn.bind(kernel);
    kernel.spawn = (argv, options) => ({
      ...spawn(argv, options),
      exited: new Promise((resolve) => {
        exit = resolve;
      }),
    });
    kernel.emitUevent(add({ SUBSYSTEM: "net", INTERFACE: "eth1" }));
    await eventually(() => expect(started("udhcpc")).toHaveLength(1));
    expect(started("udhcpc")[0]).toMatch(/-i eth1 /);
    kernel.emitUevent({ ...add({ SUBSYSTEM: "net", INTERFACE: "eth1" }), action: "remove" });
    expect(kernel.signals).toMatchObject([{ signal: "SIGTERM" }]);
    exit(0);
  });

  test("serves an interface under its new name, and ends what it had under the old one", async () => {
    const { kernel, start, started } = system();
    kernel.lay({ "/run/network/eth1.dhcp": "dns 10.0.0.1\n" });
    kernel.lay({ "/sys/class/net/eth1/type": "1\n", "/sys/class/net/eth1/device": null });
    const spawn = kernel.spawn.bind(kernel);
    kernel.spawn = (argv, options) => ({
      ...spawn(argv, options),
      exited: new Promise(() => undefined),
    });
    start();
    await eventually(() => expect(started("udhcpc").at(-1)).toMatch(/-i eth1 /));
    kernel.unlink("/sys/class/net/eth1/type");
    kernel.lay({ "/sys/class/net/lan0/type": "1\n", "/sys/class/net/lan0/device": null });
    kernel.emitUevent({
      action: "move",
      devpath: "/devices/pci/net/lan0",
      values: { SUBSYSTEM: "net", INTERFACE: "lan0", DEVPATH_OLD: "/devices/pci/net/eth1" },
    });
    await eventually(() => expect(started("udhcpc").at(-1)).toMatch(/-i lan0 /));
    expect(kernel.signals).toMatchObject([{ signal: "SIGTERM" }]);
    expect(kernel.exists("/run/network/eth1.dhcp")).toBe(false);
  });

  test("looks at everything again when events were lost", async () => {
    const { kernel, start, started } = system();
    start();
    kernel.lay({ "/sys/bus/virtio/devices/virtio9/modalias": "virtio:d00000001v1\n" });
    kernel.loseUevents();
    await eventually(() => expect(started("modprobe")).toEqual(["modprobe -a -b -q virtio_net"]));
  });

  test("stays when DHCP can't be started", async () => {
    const { kernel, start } = system();
    start();
    kernel.lay({ "/sys/class/net/eth1/type": "1\n", "/sys/class/net/eth1/device": null });
    kernel.failOn("spawn", "udhcpc", "EAGAIN");
    expect(() => kernel.emitUevent(add({ SUBSYSTEM: "net", INTERFACE: "eth1" }))).not.toThrow();
    await eventually(() =>
      expect(kernel.kernelLog.join()).toMatch(
        /^udhcpc-eth\d can't be started: spawn udhcpc: EAGAIN .*again in 2 s$/,
      ),
    );
  });

  test.each([
    ["a NoCloud disk", "cidata\niso9660\n", true],
    ["one in capital letters", "vfat\nCIDATA\n", true],
    ["another filesystem of that name", "cidata\next4\n", false],
    ["another disk", "data\nvfat\n", false],
  ])("%s that comes when there was none to be read is named or not", async (_, said, isNamed) => {
    const { kernel, start } = system();
    kernel.onRun("blkid", () => ({ stdout: said }));
    start();
    const block = add({ SUBSYSTEM: "block", DEVNAME: "sr0" });
    kernel.emitUevent(block);
    expect(kernel.runs.some(({ argv }) => argv[0] === "blkid")).toBe(false);
    await readProvisions(kernel, { name: "tc", home: "/home/tc" });
    kernel.emitUevent(block);
    await eventually(() => expect(kernel.runs.at(-1)?.argv.at(-1)).toBe("/dev/sr0"));
    await new Promise((resolve) => setImmediate(resolve));
    expect(kernel.consoleLines).toHaveLength(isNamed ? 1 : 0);
    if (isNamed) {
      expect(kernel.consoleLines[0]).toMatch(
        /NoCloud disk \/dev\/sr0 came after .* from the next boot/,
      );
    }
  });

  test("goes on after a failure, which the kernel's log keeps", async () => {
    const { kernel, start, started } = system();
    kernel.failOn("run", "modprobe", "ENOMEM", 1);
    start();
    kernel.emitUevent(add({ MODALIAS: "virtio:d00000001v1" }));
    await eventually(() =>
      expect(kernel.kernelLog).toEqual(["hotplug: run modprobe: ENOMEM (fault of the test)"]),
    );
    kernel.emitUevent(add({ MODALIAS: "virtio:d00000002v1" }));
    await eventually(() => expect(started("modprobe")).toHaveLength(1));
  });
});
