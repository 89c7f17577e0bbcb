import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { FakeKernel } from "../../kernel/fake-kernel.testing.ts";
import type { Child } from "../../kernel/processes.ts";
import { defineService } from "../definition/define-service.ts";
import type { Deaths } from "./deaths.ts";
import { parseEnvironmentFile } from "./environment.ts";
import { launchWords } from "./launch.ts";
import { openService } from "./service.ts";

const root = { name: "root", uid: 0, gid: 0, home: "/root" };
const tc = { name: "tc", uid: 1000, gid: 50, home: "/home/tc" };
const container = "c".repeat(64);
const group = "/sys/fs/cgroup/services/web.service";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A service whose programs end when the test says so, in a kernel whose groups hold what the test says. */
function system(lines: string) {
  const kernel = new FakeKernel().lay({
    "/sys/fs/cgroup/services/cgroup.controllers": "cpu",
    ...Object.fromEntries(
      [group, `${group}/control`].flatMap((folder) =>
        ["procs", "subtree_control", "threads", "kill", "events"].map((file) => [
          `${folder}/cgroup.${file}`,
          file === "events" ? "populated 0\n" : "",
        ]),
      ),
    ),
  });
  kernel.rmdir = () => undefined;
  const started: { words: string; end(status: number): void; env: Record<string, string> }[] = [];
  kernel.spawn = (argv, options): Child => {
    let end: (status: number) => void = () => undefined;
    const exited = new Promise<number>((resolve) => {
      end = resolve;
    });
    started.push({ words: argv.slice(6).join(" "), end, env: { ...options?.env } });
    return { pid: 100 + started.length, exited, kill: () => undefined };
  };
  const dead: ((status: number) => void)[] = [];
  const deaths: Deaths = {
    of: () => new Promise((resolve) => dead.push(resolve)),
    within: async () => undefined,
    close: () => undefined,
  };
  const told: string[] = [];
  const text = `[Unit]\nSourcePath=/etc/containers/systemd/web.container\n[Service]\n${lines}`;
  const service = openService(defineService("web.service", text, { user: root, hostName: "box" }), {
    kernel,
    user: root,
    deaths,
    notifyPath: "/run/boot2podman/quadlet/0/1",
    logPath: "/var/log/service-web.log",
    onEnd: () => told.push("end"),
    onRestart: () => {
      told.push("restart");
      void service.start("policy").catch(() => undefined);
    },
  });
  const say = (message: string) => kernel.datagrams.get("/run/boot2podman/quadlet/0/1")?.(message);
  const settled = () => vi.advanceTimersByTimeAsync(0);
  const monitor = () =>
    kernel.lay({
      "/proc/500/comm": "conmon\n",
      "/proc/500/cmdline": `conmon\0-c\0${container}\0-u\0x`,
      "/proc/500/cgroup": "0::/services/web.service/supervisor\n",
      [`${group}/cgroup.events`]: "populated 1\n",
    });
  return { kernel, service, started, dead, told, say, settled, monitor };
}

const podman =
  "Type=notify\nKillMode=mixed\nExecStart=/usr/bin/podman run -d x\nExecStop=/usr/bin/podman rm\n";

describe("a container", () => {
  test("runs once Podman has said that it is ready and which process monitors it", async () => {
    const { service, started, say, settled, monitor } = system(podman);
    const start = service.start("hand");
    await settled();
    expect(service.state).toBe("starting");
    expect(started[0]?.env.NOTIFY_SOCKET).toBe("/run/boot2podman/quadlet/0/1");
    monitor();
    say("MAINPID=500\nREADY=1");
    started[0]?.end(0);
    await start;
    expect(service.state).toBe("running");
    expect(service.main).toMatchObject({ pid: 500, containerId: container });
  });

  test("that names a process of somebody else's as its own isn't believed", async () => {
    const { service, say, settled, kernel, started } = system(podman);
    const start = service.start("hand").catch((error: Error) => error.message);
    await settled();
    kernel.lay({ "/proc/1/comm": "init\n", "/proc/1/cgroup": "0::/system\n" });
    say("MAINPID=1");
    started[0]?.end(0);
    expect(await start).toContain("READY=1");
    expect(service.state).toBe("failed");
    expect(kernel.signals).toEqual([]);
  });

  test("whose Podman fails has failed, with the status", async () => {
    const { service, started, settled } = system(podman);
    const start = service.start("hand").catch((error: Error) => error.message);
    await settled();
    started[0]?.end(125);
    expect(await start).toBe("web.service: ended with status 125");
    expect(service.state).toBe("failed");
  });

  test("that ends is started again by its policy, and not without end", async () => {
    const { service, started, say, settled, monitor, dead, told, kernel } = system(
      `${podman}Restart=always\nRestartSec=1\nStartLimitBurst=2\nStartLimitInterval=100\n`,
    );
    const run = async () => {
      await settled();
      monitor();
      say("MAINPID=500\nREADY=1");
      started.at(-1)?.end(0);
      await settled();
    };
    const die = async () => {
      kernel.lay({ [`${group}/cgroup.events`]: "populated 0\n" });
      for (const tell of dead) {
        tell(7);
      }
      await vi.advanceTimersByTimeAsync(5000);
      // ExecStop=
      started.at(-1)?.end(0);
      await settled();
    };
    void service.start("hand");
    await run();
    expect(service.state).toBe("running");
    await die();
    expect(service.state).toBe("restarting");
    expect(service.detail).toContain("ended with status 7");
    await vi.advanceTimersByTimeAsync(1000);
    await run();
    expect([service.state, service.restarts]).toEqual(["running", 1]);
    await die();
    expect(service.state).toBe("failed");
    expect(service.detail).toContain("started 2 times in 100 s: not started again");
    expect(told).toEqual(["end", "restart", "end"]);
  });

  test("that is stopped while it waits for its restart stays so", async () => {
    const { service, started, settled, told } = system(`${podman}Restart=always\nRestartSec=5\n`);
    void service.start("hand").catch(() => undefined);
    await settled();
    started[0]?.end(1);
    await settled();
    expect(service.state).toBe("restarting");
    await service.stop();
    await vi.advanceTimersByTimeAsync(100_000);
    expect(service.state).toBe("inactive");
    expect(told).toEqual(["end"]);
  });
});

describe("commands", () => {
  test("run in their order, and one that fails ends the start unless its failure doesn't count", async () => {
    const { service, started, settled } = system(
      "Type=oneshot\nRemainAfterExit=yes\nExecStartPre=-/bin/a\nExecStart=/bin/b\nExecStart=/bin/c\nExecStopPost=/bin/d\n",
    );
    const start = service.start("hand").catch((error: Error) => error.message);
    for (const status of [1, 0, 9, 0]) {
      await settled();
      started.at(-1)?.end(status);
    }
    expect(await start).toBe("web.service: ended with status 9");
    expect(started.map(({ words }) => words)).toEqual(["/bin/a", "/bin/b", "/bin/c", "/bin/d"]);
  });

  test("that have done their work leave it done, or leave nothing", async () => {
    for (const [remain, state] of [
      ["yes", "done"],
      ["no", "inactive"],
    ]) {
      const { service, started, settled } = system(
        `Type=oneshot\nRemainAfterExit=${remain}\nExecStart=/bin/b\n`,
      );
      const start = service.start("hand");
      await settled();
      started[0]?.end(0);
      await start;
      expect(service.state).toBe(state);
    }
  });

  test("aren't run when a condition isn't met", async () => {
    const { service, started } = system("ExecStart=/bin/b\n[Unit]\nConditionPathExists=/nowhere\n");
    await service.start("hand");
    expect(started).toEqual([]);
    expect(service.detail).toContain("ConditionPathExists=/nowhere isn't met");
  });
});

test("no word of a service becomes part of a shell's script", () => {
  const evil = '$(reboot); "`x`';
  for (const user of [root, { ...tc, name: evil }]) {
    const words = launchWords(user, `/sys/fs/cgroup/${evil}`, evil, [evil, evil]);
    expect(words.slice(0, 2)).toEqual(["/bin/sh", "-c"]);
    expect(words[2]).not.toContain("reboot");
    expect(words.slice(-2)).toEqual([evil, evil]);
  }
});

test("files of variables have comments, quotes, and no commands", () => {
  expect(
    parseEnvironmentFile('# a\nA=1\nexport B="two words"\nC=$(reboot)\n;x\nD=a \\\nb\n'),
  ).toEqual([
    ["A", "1"],
    ["B", "two words"],
    ["C", "$(reboot)"],
    ["D", "a b"],
  ]);
  expect(() => parseEnvironmentFile("A=1\nreboot\n")).toThrow("line 2 is no NAME=value");
});
