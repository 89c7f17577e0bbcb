import { describe, expect, test } from "vitest";
import { FakeKernel } from "../../kernel/fake-kernel.ts";
import { defaultBootOptions } from "../boot-options.ts";
import { startHook } from "./run-hook.ts";
import { bootlocalStage, bootsyncStage } from "./stages.ts";

const path = "/var/lib/boot2podman/bootsync.sh";

function context(kernel: FakeKernel) {
  return { kernel, options: defaultBootOptions, notes: { observed: null, plan: null, done: [] } };
}

describe("startHook", () => {
  test("runs an executable file itself and gives another one to sh", () => {
    const kernel = new FakeKernel()
      .onRun("sh")
      .onRun("bootsync.sh")
      .lay({ [path]: "echo\n" });
    startHook(kernel, "bootsync");
    kernel.chmod(path, 0o755);
    startHook(kernel, "bootsync");
    expect(kernel.runs.map((run) => run.argv)).toEqual([["/bin/sh", path], [path]]);
  });

  test("keeps what the hook says in a log beside it", () => {
    const kernel = new FakeKernel().onRun("sh").lay({ [path]: "echo\n" });
    startHook(kernel, "bootsync");
    expect(kernel.runs[0]?.options).toEqual({ logPath: "/var/lib/boot2podman/log/bootsync.log" });
    expect(kernel.exists("/var/lib/boot2podman/log")).toBe(true);
  });

  test("starts nothing where there is no file", () => {
    const kernel = new FakeKernel().lay({ [path]: null });
    expect(startHook(kernel, "bootsync")).toBeUndefined();
    expect(startHook(kernel, "shutdown")).toBeUndefined();
    expect(kernel.exists("/var/lib/boot2podman/log")).toBe(false);
  });
});

describe("bootsync", () => {
  test("is skipped without a hook, and done when it ended well", async () => {
    expect((await bootsyncStage.run(context(new FakeKernel()))).result).toBe("skipped");
    const kernel = new FakeKernel().onRun("sh").lay({ [path]: "" });
    expect((await bootsyncStage.run(context(kernel))).result).toBe("ok");
  });

  test("fails with the status and where to look", async () => {
    const kernel = new FakeKernel().onRun("sh", { exitCode: 3 }).lay({ [path]: "" });
    await expect(bootsyncStage.run(context(kernel))).rejects.toThrow(
      "bootsync.sh ended with 3: see /var/lib/boot2podman/log/bootsync.log",
    );
  });
});

test("bootlocal is started after bootsync and isn't waited for", async () => {
  const kernel = new FakeKernel().onRun("sh").lay({ "/var/lib/boot2podman/bootlocal.sh": "" });
  expect(bootlocalStage.needs).toContain("bootsync");
  const outcome = await bootlocalStage.run(context(kernel));
  expect(outcome).toEqual({ result: "ok", message: "bootlocal.sh started as process 1001" });
});
