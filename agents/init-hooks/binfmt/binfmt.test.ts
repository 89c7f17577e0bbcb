import { expect, test } from "vitest";
import { FakeKernel } from "../../kernel/fake-kernel.testing.ts";
import { defaultBootOptions } from "../../settings/boot-options.ts";
import { binfmtFolder, binfmtStage } from "./stage.ts";

const known = { "/proc/filesystems": "nodev\tproc\nnodev\tbinfmt_misc\n" };

const run = (kernel: FakeKernel) =>
  binfmtStage.run({
    kernel,
    options: defaultBootOptions,
    notes: { observed: null, plan: null, done: [] },
  });

test("handlers can be registered: the module is loaded, and its filesystem mounted once", async () => {
  const kernel = new FakeKernel().onRun("modprobe").lay({ [binfmtFolder]: null, ...known });
  expect(await run(kernel)).toMatchObject({ result: "ok" });
  await run(kernel);
  expect(kernel.runs[0]?.argv).toContain("binfmt_misc");
  expect(kernel.mounts()).toMatchObject([{ target: binfmtFolder, type: "binfmt_misc" }]);
});

test("a kernel without it is no failure", async () => {
  const kernel = new FakeKernel()
    .onRun("modprobe", { exitCode: 1 })
    .lay({ [binfmtFolder]: null, "/proc/filesystems": "nodev\tproc\n" });
  expect(await run(kernel)).toMatchObject({ result: "skipped" });
});
