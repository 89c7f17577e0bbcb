import { expect, test } from "vitest";
import { FakeKernel } from "../../kernel/fake-kernel.testing.ts";
import { noHooksPath } from "../../kernel/state-folder.ts";
import type { StageRecord } from "../../record/stages/stage-record.ts";
import { defaultBootOptions } from "../../settings/boot-options.ts";
import { kubeFolder, kubeStage } from "./stage.ts";

async function played(kernel: FakeKernel, autostart = true) {
  const records: StageRecord[] = [];
  const stage = kubeStage((record) => records.push(record));
  const options = { ...defaultBootOptions, autostart };
  const outcome = await stage.run({
    kernel,
    options,
    notes: { observed: null, plan: null, done: [] },
  });
  if (outcome.result === "ok") {
    await expect.poll(() => records.length).toBe(1);
  }
  return { outcome, records, ran: kernel.runs.map(({ argv }) => argv.join(" ")) };
}

const files = { [`${kubeFolder}/a.yaml`]: "kind: Pod", [`${kubeFolder}/b.yml`]: "kind: Pod" };

test("manifests are played in the order of their names, replacing what was there", async () => {
  const kernel = new FakeKernel().lay({ ...files, [`${kubeFolder}/notes.txt`]: "" });
  const { records, ran } = await played(kernel.onRun("podman"));
  expect(ran).toEqual([
    `podman kube play --replace ${kubeFolder}/a.yaml`,
    `podman kube play --replace ${kubeFolder}/b.yml`,
  ]);
  expect(records[0]).toMatchObject({ result: "ok", message: "played a.yaml; played b.yml" });
});

test("one that is wrong is named, and the others are played", async () => {
  const kernel = new FakeKernel()
    .lay(files)
    .onRun("podman", (argv) =>
      argv.at(-1)?.endsWith("a.yaml") === true ? { exitCode: 125, stderr: "Error: no kind" } : {},
    );
  const { records } = await played(kernel);
  expect(records[0]).toMatchObject({
    result: "failed",
    message: expect.stringMatching(/^played b\.yml; a\.yaml: .*Error: no kind/),
  });
});

test("nothing is played without manifests, when it is switched off, or of a disk that may run nothing", async () => {
  expect((await played(new FakeKernel())).outcome.message).toBe("no manifests");
  expect((await played(new FakeKernel().lay(files), false)).ran).toEqual([]);
  expect((await played(new FakeKernel().lay({ ...files, [noHooksPath]: "" }))).ran).toEqual([]);
});
