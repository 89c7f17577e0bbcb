import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { makeTestHost, type TestHost } from "./host.testing.ts";
import { loadRunning } from "./running.ts";
import { startMachine, waitUntilReady } from "./start.ts";
import { stopMachine } from "./stop.ts";

let host: TestHost;

beforeEach(async () => {
  host = await makeTestHost();
});
afterEach(() => host.dispose());

async function hold(how: string): Promise<void> {
  await writeFile(join(host.files("box").folder, "held"), how);
}

test.each(["io-error nospace", "suspended"])(
  "a guest that is held (%s) goes on by start, and is shut down by stop",
  async (how) => {
    const { config } = await host.create("box");
    const pid = await host.pidOf("box");
    await hold(how);
    expect(await host.states()).not.toEqual({ box: "Running" });
    expect(await startMachine(host, "box")).toMatchObject({ launched: false, resumed: true });
    expect(await host.states()).toEqual({ box: "Running" });
    expect(await host.pidOf("box")).toBe(pid);
    await hold(how);
    expect(await stopMachine(host, "box")).toBe(true);
    expect(host.warnings).toEqual([]);
    expect(config.Name).toBe("box");
  },
);

test.each(["guest-panicked", "something-new"])(
  "a guest that never goes on (%s) is neither started nor stopped, and it is said what ends it",
  async (status) => {
    await host.create("box");
    await hold(status);
    await expect(startMachine(host, "box")).rejects.toThrow("podman-machine kill box");
    expect(existsSync(join(host.files("box").folder, "held"))).toBe(true);
  },
);

test("what needs a machine that runs says what holds it", async () => {
  await host.create("box");
  await hold("io-error nospace");
  await expect(loadRunning(host.store, "box")).rejects.toThrow(
    /^Host is not running: .* \(Error: the guest is held .* no room in .*machines\/box /,
  );
});

test("a boot that is held says so long before its time is over", async () => {
  const machine = await host.create("box", "fake.mute");
  await hold("io-error nospace");
  await expect(waitUntilReady(host, machine, 600_000)).rejects.toThrow(
    /^"box" does not boot on: the guest is held and loses nothing: there is no room in /,
  );
});
