import { describe, expect, test } from "vitest";
import { UsageError } from "../command/command.ts";
import { FakeTerminal } from "../command/fake-terminal.testing.ts";
import { FakeKernel } from "../kernel/fake-kernel.testing.ts";
import { defaultBootOptions } from "../settings/boot-options.ts";
import { guestToolsCommand } from "./command.ts";
import { guestToolsStage } from "./stage.ts";

const agent = { "/sys/class/virtio-ports/vport0p2/name": "org.qemu.guest_agent.0\n" };

function system(more: Record<string, string | null> = {}): FakeKernel {
  return new FakeKernel()
    .onRun("modprobe")
    .onRun("qemu-ga")
    .onRun("mount")
    .lay({
      "/dev": null,
      "/usr/sbin/qemu-ga": "elf",
      "/proc/cmdline": "noembed\n",
      "/sys/class/dmi/id/sys_vendor": "QEMU\n",
      "/proc/cpuinfo": "flags\t\t: fpu hypervisor lahf_lm\n",
      "/sys/class/virtio-ports/vport0p1/name": "org.boot2podman.boot.0\n",
      "/sys/class/virtio-ports/vport0p0": null,
      ...more,
    });
}

describe("the stage", () => {
  test("carries the plan out and says on what it runs", async () => {
    const kernel = system({
      ...agent,
      "/sys/devices/system/clocksource/clocksource0/available_clocksource": "kvm-clock tsc\n",
    });
    const notes = { observed: null, plan: null, done: [] as string[] };
    const outcome = await guestToolsStage.run({ kernel, options: defaultBootOptions, notes });
    expect(outcome).toEqual({ result: "ok", message: "qemu, qemu-ga" });
    expect(kernel.readlink("/dev/virtio-ports/org.qemu.guest_agent.0")).toBe("/dev/vport0p2");
    expect(kernel.runs.map((run) => run.argv[0])).toEqual(["modprobe", "/usr/sbin/qemu-ga"]);
    expect(notes.done.at(-1)).toBe("start qemu-ga as process 1002");
  });

  test("starts no program where the hypervisor needs none", async () => {
    const kernel = system();
    const notes = { observed: null, plan: null, done: [] };
    await guestToolsStage.run({ kernel, options: defaultBootOptions, notes });
    expect(kernel.runs).toEqual([]);
  });
});

describe("the command", () => {
  async function call(kernel: FakeKernel, ...words: string[]) {
    const terminal = new FakeTerminal();
    expect(await guestToolsCommand.run(words, kernel, terminal)).toBe(0);
    return terminal.said.join("\n");
  }

  test("detect says the hypervisor, also as JSON", async () => {
    expect(await call(system(), "detect")).toBe('qemu (DMI system vendor "QEMU")');
    expect(JSON.parse(await call(system(), "detect", "--json"))).toEqual({
      hypervisor: "qemu",
      by: 'DMI system vendor "QEMU"',
    });
  });

  test("--dry-run shows the plan and does nothing", async () => {
    const kernel = system({ ...agent, "/sys/fs/virtiofs/3/tag": "Users\n" });
    const said = await call(kernel, "--dry-run");
    expect(said).toMatch(/^start \/usr\/sbin\/qemu-ga -m virtio-serial/m);
    expect(said).toMatch(/^look for shared folders by 9p$/m);
    expect(said).toMatch(/^mount -t virtiofs .* Users \/Users$/m);
    expect(kernel.runs).toEqual([]);
    expect(kernel.journal).toEqual([]);
    const { plan, shares } = JSON.parse(await call(kernel, "--dry-run", "--json"));
    expect(plan.services).toHaveLength(1);
    expect(shares.mounts).toHaveLength(1);
  });

  test("starts what the hypervisor needs, and once only", async () => {
    const kernel = system({ ...agent, "/run": null });
    expect(await call(kernel)).toMatch(/^start qemu-ga as process 1001$/m);
    kernel.lay({ "/proc/1001": null });
    expect(await call(kernel)).toMatch(/^qemu-ga runs already$/m);
    expect(kernel.runs).toHaveLength(1);
  });

  test("shares mounts what came later", async () => {
    const kernel = system({ "/sys/fs/virtiofs/3/tag": "late\n" });
    expect(await call(kernel, "shares")).toMatch(/ late \/late$/);
    expect(kernel.runs.map(({ argv }) => argv[0])).toEqual(["mount"]);
  });

  test("shares fails when one can't be mounted", async () => {
    const kernel = system({ "/sys/fs/virtiofs/3/tag": "../x\n" });
    expect(await guestToolsCommand.run(["shares"], kernel, new FakeTerminal())).toBe(1);
  });

  test("refuses words that it doesn't know", async () => {
    await expect(call(system(), "detekt")).rejects.toThrow(UsageError);
  });
});
