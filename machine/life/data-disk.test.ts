import { readFile, rm, truncate, writeFile } from "node:fs/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { changeMachine } from "./change.ts";
import { makeTestHost, type TestHost } from "./host.testing.ts";
import { startMachine, waitUntilReady } from "./start.ts";
import { stopMachine } from "./stop.ts";

let host: TestHost;

beforeEach(async () => {
  host = await makeTestHost();
});
afterEach(() => host.dispose());

/** Starts a machine whose guest finds its data disk, or doesn't. */
async function startWith(KernelArguments: string): Promise<string[]> {
  await stopMachine(host, "box");
  await changeMachine(host, "box", { settings: { KernelArguments } });
  host.warnings.splice(0);
  const { machine } = await startMachine(host, "box");
  await waitUntilReady(host, machine);
  return host.warnings;
}

describe("a machine that is ready", () => {
  test("and has its data disk says nothing of it", async () => {
    await host.create("box");
    expect(host.warnings).toEqual([]);
    expect(await startWith("quiet")).toEqual([]);
  });

  test.each(["skipped"])(
    "and had data before, and now none (%s), says so loudly at each start, also when it runs already",
    async (result) => {
      await host.create("box");
      const said = expect.stringMatching(
        /^WARNING: "box" HAS LOST ITS DATA DISK\. It has had one since \d{4}-\d\d-\d\d, .*restore .*disk\.qcow2 from a backup\.$/,
      );
      expect(await startWith(`fake.disk=${result}`)).toEqual([said]);
      const { machine } = await startMachine(host, "box");
      await waitUntilReady(host, machine);
      expect(host.warnings).toEqual([said, said]);
      expect(await startWith("quiet")).toEqual([]);
    },
  );

  test("and never had a data disk says that too", async () => {
    const machine = await host.create("box", "fake.disk=skipped");
    await waitUntilReady(host, machine);
    expect(host.warnings).toEqual([
      '"box": no data disk was found, so what is done in it may be lost when it stops: "podman-machine logs box" says why.',
    ]);
  });

  test("and was told to use none says nothing of it", async () => {
    await host.create("box");
    expect(await startWith("fake.disk=skipped boot2podman.automount=off")).toEqual([]);
  });

  test("and whose key is gone says so", async () => {
    await host.create("box");
    await rm(host.files("box").key);
    expect(await startWith("quiet")).toEqual([
      expect.stringMatching(/^The key of "box", .*id_ed25519, is missing: nobody can log in/),
    ]);
  });
});

test.each([
  ["cut where its tables begin", (disk: string) => truncate(disk, 150_000), /damaged: .* finds/],
  ["of zeros", zeroHeader, /can't be used: Image is not in qcow2 format\. Nothing was started/],
])("a machine whose disk's file is %s is not started, in one line", async (_, damage, message) => {
  await host.create("box");
  await stopMachine(host, "box");
  await damage(host.files("box").disk);
  const before = await readFile(host.files("box").disk);
  const error = await startMachine(host, "box").catch((reason: unknown) => reason);
  expect(String(error)).toMatch(message);
  expect(String(error)).not.toContain("\n");
  expect(await host.states()).toEqual({ box: "Stopped" });
  expect(await readFile(host.files("box").disk)).toEqual(before);
});

async function zeroHeader(disk: string): Promise<void> {
  const whole = await readFile(disk);
  await writeFile(disk, whole.fill(0, 0, 512));
}
