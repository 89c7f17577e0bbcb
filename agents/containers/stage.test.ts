import { describe, expect, test } from "vitest";
import { FakeKernel } from "../kernel/fake-kernel.testing.ts";
import type { StageRecord } from "../record/stages/stage-record.ts";
import { defaultBootOptions } from "../settings/boot-options.ts";
import { readInUse, writeInUse } from "./in-use.ts";
import { storeCheckStage, storesStage } from "./stage.ts";

const program = "/usr/lib/boot2podman/agents";

function machine({ disk = true } = {}): FakeKernel {
  const kernel = new FakeKernel().lay({
    "/etc/passwd": "tc:x:1000:50:tc:/home/tc:/bin/sh\n",
    "/var/lib/boot2podman": null,
    "/var/lib/containers": null,
    "/home/tc/.local/share/containers": null,
    "/usr/bin/podman": "",
  });
  if (disk) {
    kernel.mount({ source: "/dev/vda1", target: "/var/lib/boot2podman", type: "ext4" });
  }
  return kernel.onRun("sync");
}

const context = (kernel: FakeKernel) => ({
  kernel,
  options: defaultBootOptions,
  notes: { observed: null, plan: null, done: [] },
});
const bootOf = (kernel: FakeKernel) => storesStage.run(context(kernel));

async function check(kernel: FakeKernel) {
  const written: StageRecord[] = [];
  const outcome = await storeCheckStage((record) => written.push(record)).run(context(kernel));
  await new Promise((resolve) => setImmediate(resolve));
  return { outcome, written };
}

describe("the mark", () => {
  test("is made by a boot after a shutdown", async () => {
    const kernel = machine();
    expect(await bootOf(kernel)).toMatchObject({ message: "clean shutdown" });
    expect(readInUse(kernel)).toEqual({ state: "open", sinceMs: kernel.nowMs() });
  });

  test("asks for a check when it is still there, of all since the boot that was cut off", async () => {
    const kernel = machine();
    writeInUse(kernel, { state: "open", sinceMs: 4000 });
    expect((await bootOf(kernel)).message).toContain("no shutdown");
    expect(readInUse(kernel)).toEqual({ state: "unchecked", sinceMs: 4000 });
    await bootOf(kernel);
    expect(readInUse(kernel)).toEqual({ state: "unchecked", sinceMs: 4000 });
  });

  test("isn't made in RAM", async () => {
    const kernel = machine({ disk: false });
    expect((await bootOf(kernel)).result).toBe("skipped");
    expect(readInUse(kernel)).toBeUndefined();
  });
});

describe("the check", () => {
  test("isn't made after a shutdown", async () => {
    const kernel = machine();
    await bootOf(kernel);
    const { outcome, written } = await check(kernel);
    expect(outcome.result).toBe("skipped");
    expect(written).toEqual([]);
    expect(kernel.runs.map(({ argv }) => argv[0])).not.toContain(program);
  });

  const cutOff = async (answer: { exitCode?: number; stdout?: string; stderr?: string }) => {
    const kernel = machine().onRun("agents", answer);
    writeInUse(kernel, { state: "open", sinceMs: 4000 });
    await bootOf(kernel);
    return { kernel, ...(await check(kernel)) };
  };

  test("runs beside everything else, and the mark says open when all is whole", async () => {
    const { kernel, outcome, written } = await cutOff({ stdout: "no damage: 3 new layers\n" });
    expect(outcome.message).toContain("are being checked");
    expect(kernel.runs).toContainEqual(
      expect.objectContaining({ argv: [program, "check-stores", "--repair", "--since", "4000"] }),
    );
    expect(written).toMatchObject([
      { result: "ok", message: "after a power cut: no damage: 3 new layers" },
    ]);
    expect(readInUse(kernel)?.state).toBe("open");
  });

  test("says what is damaged, in each boot until it is gone", async () => {
    const { kernel, written } = await cutOff({ exitCode: 1, stdout: "of root, image a\n" });
    expect(written).toMatchObject([
      { stage: "store-check", result: "failed", message: "after a power cut: of root, image a" },
    ]);
    expect(readInUse(kernel)).toEqual({ state: "unchecked", sinceMs: 4000 });
  });

  test("isn't made without Podman, and the mark stays for a boot with it", async () => {
    const kernel = machine();
    kernel.unlink("/usr/bin/podman");
    writeInUse(kernel, { state: "open", sinceMs: 4000 });
    await bootOf(kernel);
    expect((await check(kernel)).outcome.result).toBe("skipped");
    expect(kernel.runs.map(({ argv }) => argv[0])).not.toContain(program);
    expect(readInUse(kernel)?.state).toBe("unchecked");
  });

  test.each([
    [{ exitCode: 137, stderr: "" }, "status 137"],
    [{ exitCode: 1, stdout: "", stderr: "check-stores: no memory" }, "no memory"],
  ])("that ends with %j leaves the mark and says so", async (answer, why) => {
    const { kernel, written } = await cutOff(answer);
    expect(written[0]?.result).toBe("failed");
    expect(written[0]?.message).toContain(why);
    expect(readInUse(kernel)?.state).toBe("unchecked");
  });
});
