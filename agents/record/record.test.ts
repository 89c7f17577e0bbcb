import { describe, expect, test } from "vitest";
import { UsageError } from "../command/command.ts";
import { FakeTerminal } from "../command/fake-terminal.testing.ts";
import { version } from "../command/version.ts";
import { FakeKernel } from "../kernel/fake-kernel.testing.ts";
import { boot2podmanCommand } from "./command.ts";
import { readRecords } from "./stages/read-records.ts";
import { logLine, openRecorder } from "./stages/recorder.ts";
import type { StageRecord } from "./stages/stage-record.ts";
import { readStatus } from "./status.ts";
import { stageTable, statusText } from "./status-table.ts";

function record(stage: string, more: Partial<StageRecord> = {}): StageRecord {
  return {
    stage,
    result: "ok",
    startedMs: 2000,
    durationMs: 480.6,
    observed: null,
    plan: null,
    done: [],
    message: "",
    ...more,
  };
}

const port = {
  "/sys/class/virtio-ports/vport0p1/name": "org.boot2podman.boot.0\n",
  "/dev/vport0p1": "",
};

describe("the recorder", () => {
  test("writes a record where it is read again, a log line, and a line for the host", () => {
    const kernel = new FakeKernel().lay(port);
    const recorder = openRecorder(kernel);
    recorder.write(record("devices", { observed: { a: 1 }, message: "23 modules" }));
    recorder.tellHost("ready");
    expect(readRecords(kernel).records).toEqual([
      record("devices", { observed: { a: 1 }, message: "23 modules" }),
    ]);
    expect(kernel.readText("/boot.log")).toBe("   2.481 s  devices: ok in 481 ms, 23 modules\n");
    expect(kernel.readText("/dev/vport0p1")).toBe("stage devices ok 481\nready\n");
    expect(kernel.consoleLines).toEqual([]);
  });

  test("says on the console what failed", () => {
    const kernel = new FakeKernel();
    openRecorder(kernel).write(record("cgroups", { result: "failed", message: "no cgroup2" }));
    expect(kernel.consoleLines).toEqual(["cgroups failed: no cgroup2"]);
  });

  test("goes on when records can't be written and the host doesn't listen", () => {
    const kernel = new FakeKernel().lay(port);
    const recorder = openRecorder(kernel);
    kernel.failOn("writeAtomic", /./, "ENOSPC");
    kernel.failOn("append", /./, "EAGAIN");
    recorder.write(record("network"));
    expect(kernel.kernelLog).toEqual([
      "writeAtomic /run/boot2podman/network.json: ENOSPC (fault of the test)",
      "append /boot.log: EAGAIN (fault of the test)",
      logLine(record("network")),
    ]);
  });
});

describe("readRecords", () => {
  test("gives records in the order of their start, and warns about what is none", () => {
    const kernel = new FakeKernel();
    const recorder = openRecorder(kernel);
    recorder.write(record("second", { startedMs: 3000 }));
    recorder.write(record("first", { startedMs: 1000 }));
    kernel.lay({
      "/run/boot2podman/half.json": '{"stage":',
      "/run/boot2podman/service.sshd": "9",
    });
    const { records, warnings } = readRecords(kernel);
    expect(records.map(({ stage }) => stage)).toEqual(["first", "second"]);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(/^\/run\/boot2podman\/half\.json is not a record/);
  });
});

test("the table of stages has aligned columns", () => {
  const rows = [
    record("root", { startedMs: 981.4, durationMs: 12, message: "noembed: a tmpfs" }),
    record("guest-tools", { result: "failed", startedMs: 12_345, durationMs: 0.4 }),
  ];
  expect(stageTable(rows)).toEqual([
    "stage        result   started   took  message",
    "root         ok        981 ms  12 ms  noembed: a tmpfs",
    "guest-tools  failed  12345 ms   0 ms",
  ]);
});

describe("the status", () => {
  function system(): FakeKernel {
    const kernel = new FakeKernel().lay({
      "/sys/class/dmi/id/sys_vendor": "QEMU\n",
      "/mnt/vda1/var/lib/boot2podman": null,
      "/var/lib/boot2podman": null,
    });
    openRecorder(kernel).write(record("root"));
    return kernel;
  }

  test("without a data disk says that nothing outlasts the boot", () => {
    const text = statusText(readStatus(system(), "1.2.3"));
    expect(text).toMatch(/^boot2podman 1\.2\.3 on qemu\n/);
    expect(text).toMatch(/^data disk {2}none: nothing outlasts this boot$/m);
    expect(text).toMatch(/^root +ok/m);
  });

  test("names the data disk's partition and where it is mounted", () => {
    const kernel = system();
    kernel.mounts = () =>
      [
        { target: "/", type: "tmpfs", source: "root", device: "0:20", root: "/" },
        { target: "/mnt/vda1", type: "ext4", source: "/dev/vda1", device: "254:1", root: "/" },
        {
          target: "/var/lib/boot2podman",
          type: "ext4",
          source: "/dev/vda1",
          device: "254:1",
          root: "/var/lib/boot2podman",
        },
      ].map((mount, id) => ({
        ...mount,
        id,
        parentId: 0,
        options: [],
        propagation: [],
        superOptions: [],
      }));
    const status = readStatus(kernel, "1.2.3");
    expect(status.dataDisk).toEqual({
      partition: "/dev/vda1",
      filesystem: "ext4",
      mount: "/mnt/vda1",
    });
    expect(statusText(status)).toMatch(/^data disk {2}\/dev\/vda1 \(ext4\) at \/mnt\/vda1$/m);
  });

  test("shows the settings that somebody made, and who did", () => {
    const kernel = system();
    const settings = [
      { name: "host", value: "web", source: "command line" },
      { name: "nodhcp", value: "on", source: "data disk" },
    ];
    openRecorder(kernel).write(record("settings", { observed: { settings } }));
    const status = readStatus(kernel, "1");
    expect(status.settings).toEqual(settings);
    expect(statusText(status)).toContain(
      "\nsettings   host=web (command line)\n           nodhcp (data disk)\n",
    );
  });

  test("names the services, and tells of one that keeps ending", () => {
    const kernel = system().lay({
      "/proc/10/comm": "sshd\n",
      "/proc/11/comm": "acpid\n",
      "/run/boot2podman/services/sshd": "10 2000 0\n",
      "/run/boot2podman/services/acpid": "11 90000 5\n",
      "/run/boot2podman/services/qemu-ga": "0 90000 1\n",
      "/run/boot2podman/services/half": "1",
    });
    const status = readStatus(kernel, "1");
    expect(status.services).toHaveLength(3);
    expect(statusText(status)).toContain(
      [
        "services   acpid, sshd",
        "           acpid runs for now; it ended 5 times in a row soon after its start",
        "           qemu-ga isn't running; it ended once soon after its start\n",
      ].join("\n"),
    );
  });

  test("says so when plain sh has brought the system up", () => {
    const kernel = system().lay({ "/run/boot2podman/fallback": "" });
    expect(statusText(readStatus(kernel, "1"))).toMatch(/^booted by plain sh, without the agents/m);
  });
});

describe("the command", () => {
  async function call(...words: string[]) {
    const terminal = new FakeTerminal();
    expect(await boot2podmanCommand({}).run(words, new FakeKernel(), terminal)).toBe(0);
    return terminal.said.join("\n");
  }

  test("prints the version of package.json", async () => {
    expect(version).toMatch(/^\d+\.\d+\.\d+/);
    expect(await call("version")).toBe(version);
  });

  test("prints the status as text and as JSON", async () => {
    expect(await call("status")).toMatch(/^boot2podman /);
    expect(JSON.parse(await call("status", "--json"))).toMatchObject({ version, stages: [] });
  });

  test("draws the boot", async () => {
    expect(await call("boot-chart")).toMatch(/^<svg .*<\/svg>$/s);
    expect(await call("boot-chart", "--table")).toMatch(/^kind /);
    expect(JSON.parse(await call("boot-chart", "--json"))).toMatchObject({ readyMs: null });
  });

  test.each([[[]], [["stauts"]], [["status", "now"]], [["--jsn"]]])("refuses %j", async (words) => {
    await expect(call(...words)).rejects.toThrow(UsageError);
  });
});
