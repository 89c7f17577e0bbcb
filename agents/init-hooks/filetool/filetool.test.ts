import { expect, test } from "vitest";
import { FakeKernel } from "../../kernel/fake-kernel.testing.ts";
import { noHooksPath } from "../../kernel/state-folder.ts";
import { defaultBootOptions } from "../../settings/boot-options.ts";
import { backUp, backupPath, filetoolStage } from "./stage.ts";

async function restored(kernel: FakeKernel, restore = true): Promise<string[]> {
  const options = { ...defaultBootOptions, restore };
  const notes = { observed: null, plan: null, done: [] };
  await filetoolStage.run({ kernel, options, notes });
  return kernel.runs.map(({ argv }) => argv.join(" "));
}

const kept = { [backupPath]: "tgz", "/opt/.filetool.lst": "home/tc\n" };

test("what was kept is restored at boot, and kept anew at the shutdown", async () => {
  const kernel = new FakeKernel().lay(kept).onRun("filetool.sh");
  expect(await restored(kernel)).toEqual(["filetool.sh -r"]);
  await backUp(kernel);
  expect(kernel.runs.at(-1)?.argv).toEqual(["filetool.sh", "-b"]);
});

test("nothing is restored or kept without a backup, with norestore, or of a disk that may run nothing", async () => {
  expect(await restored(new FakeKernel())).toEqual([]);
  expect(await restored(new FakeKernel().lay(kept), false)).toEqual([]);
  const foreign = new FakeKernel().lay({ ...kept, [noHooksPath]: "" });
  expect(await restored(foreign)).toEqual([]);
  await backUp(foreign);
  await backUp(new FakeKernel());
});

test("a backup that can't be restored is a failure of its own stage", async () => {
  const kernel = new FakeKernel().lay(kept);
  kernel.onRun("filetool.sh", { exitCode: 1, stderr: "filetool.sh: it is damaged" });
  await expect(restored(kernel)).rejects.toThrow("it is damaged");
});
