import { describe, expect, test } from "vitest";
import { UsageError } from "../command/command.ts";
import { FakeTerminal } from "../command/fake-terminal.ts";
import { defaultBootOptions } from "../init-hooks/boot-options.ts";
import { FakeKernel } from "../kernel/fake-kernel.ts";
import { guestToolsCommand } from "./command.ts";
import { planGuestTools } from "./plan.ts";
import { readFacts } from "./read-facts.ts";
import { guestToolsStage } from "./stage.ts";

const agent = { "/sys/class/virtio-ports/vport0p2/name": "org.qemu.guest_agent.0\n" };

function system(more: Record<string, string | null> = {}): FakeKernel {
  return new FakeKernel()
    .onRun("modprobe")
    .onRun("qemu-ga")
    .lay({
      "/dev": null,
      "/usr/sbin/qemu-ga": "elf",
      "/sys/class/dmi/id/sys_vendor": "QEMU\n",
      "/proc/cpuinfo": "flags\t\t: fpu hypervisor lahf_lm\n",
      "/sys/class/virtio-ports/vport0p1/name": "org.boot2podman.boot.0\n",
      "/sys/class/virtio-ports/vport0p0": null,
      ...more,
    });
}

describe("the plan", () => {
  test("starts the guest agent where QEMU gives it a port", () => {
    const plan = planGuestTools(readFacts(system(agent)));
    expect(plan.detection.hypervisor).toBe("qemu");
    expect(plan.services.map(({ name }) => name)).toEqual(["qemu-ga"]);
    expect(plan.links).toContainEqual({
      path: "/dev/virtio-ports/org.qemu.guest_agent.0",
      target: "/dev/vport0p2",
    });
    expect(plan.missing).toEqual([]);
  });

  test("starts nothing without the port", () => {
    expect(planGuestTools(readFacts(system())).services).toEqual([]);
  });

  test("says what is missing when there is a port but no agent", () => {
    const kernel = system(agent);
    kernel.unlink("/usr/sbin/qemu-ga");
    const plan = planGuestTools(readFacts(kernel));
    expect(plan.services).toEqual([]);
    expect(plan.missing).toEqual(["/usr/sbin/qemu-ga for the port org.qemu.guest_agent.0"]);
  });

  test("loads nothing of QEMU's on another hypervisor", () => {
    const facts = readFacts(system({ "/sys/class/dmi/id/sys_vendor": "VMware, Inc.\n" }));
    expect(planGuestTools(facts).modules).toEqual([]);
  });

  test("makes no link out of a port's name that is a path", () => {
    const facts = readFacts(system({ "/sys/class/virtio-ports/vport0p3/name": "../../etc/x\n" }));
    expect(planGuestTools(facts).links.map(({ path }) => path)).toEqual([
      "/dev/virtio-ports/org.boot2podman.boot.0",
    ]);
  });
});

test("the stage carries the plan out and says on what it runs", async () => {
  const kernel = system(agent);
  const notes = { observed: null, plan: null, done: [] as string[] };
  const outcome = await guestToolsStage.run({ kernel, options: defaultBootOptions, notes });
  expect(outcome).toEqual({ result: "ok", message: "qemu, qemu-ga" });
  expect(kernel.readlink("/dev/virtio-ports/org.qemu.guest_agent.0")).toBe("/dev/vport0p2");
  expect(kernel.runs.map((run) => run.argv[0])).toEqual(["modprobe", "/usr/sbin/qemu-ga"]);
  expect(notes.done.at(-1)).toBe("start qemu-ga as process 1002");
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
    const kernel = system(agent);
    const said = await call(kernel, "--dry-run");
    expect(said).toMatch(/^start \/usr\/sbin\/qemu-ga -m virtio-serial/m);
    expect(kernel.runs).toEqual([]);
    expect(kernel.journal).toEqual([]);
    expect(JSON.parse(await call(kernel, "--dry-run", "--json")).plan.services).toHaveLength(1);
  });

  test("refuses words that it doesn't know", async () => {
    await expect(call(system(), "detekt")).rejects.toThrow(UsageError);
  });
});
