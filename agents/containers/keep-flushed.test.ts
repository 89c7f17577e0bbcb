import { expect, test } from "vitest";
import { FakeKernel } from "../kernel/fake-kernel.testing.ts";
import { keepFlushed } from "./keep-flushed.ts";
import { storesOf } from "./stores/stores.ts";

const layers = "/var/lib/containers/storage/overlay-layers";
const settled = () => new Promise((resolve) => setTimeout(resolve, 5));

function watched(files: Record<string, null>) {
  const kernel = new FakeKernel().lay({ "/var/lib/containers": null, ...files }).onRun("sync");
  const subscription = keepFlushed(kernel, storesOf(undefined));
  const flushes = () => kernel.runs.filter(({ argv }) => argv[0] === "sync").length;
  return { kernel, subscription, flushes };
}

test("the data disk is flushed when Podman writes its list of layers", async () => {
  const { kernel, flushes } = watched({ [layers]: null });
  await settled();
  const before = flushes();
  kernel.emitChange(layers);
  await settled();
  expect(flushes()).toBe(before + 1);
  expect(kernel.runs.at(-1)?.argv).toEqual(["sync", "-f", "/var/lib/boot2podman"]);
});

test("changes during a flush ask for one more, not for one each", async () => {
  const { kernel, flushes } = watched({ [layers]: null });
  await settled();
  const before = flushes();
  for (let change = 0; change < 20; change += 1) {
    kernel.emitChange(layers);
  }
  await settled();
  expect(flushes() - before).toBeGreaterThanOrEqual(1);
  expect(flushes() - before).toBeLessThanOrEqual(2);
});

test("a store that is made later, or removed and made again, is watched from then on", async () => {
  const { kernel, flushes } = watched({});
  for (const round of [1, 2]) {
    kernel.lay({ [layers]: null });
    kernel.emitChange("/var/lib/containers");
    await settled();
    const before = flushes();
    kernel.emitChange(layers);
    await settled();
    expect(flushes(), `round ${round}`).toBe(before + 1);
    kernel.rename("/var/lib/containers/storage", `/var/lib/containers/old${round}`);
    kernel.emitChange("/var/lib/containers");
  }
});

test("nothing is flushed after the end", async () => {
  const { kernel, subscription, flushes } = watched({ [layers]: null });
  await settled();
  const before = flushes();
  subscription.close();
  kernel.emitChange(layers);
  await settled();
  expect(flushes()).toBe(before);
});
