import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { takeLock } from "../store/lock.ts";
import { machinesFolder } from "../store/machine-files.ts";
import { changeMachine } from "./change.ts";
import { makeTestHost, type TestHost } from "./host.testing.ts";
import { machineLock } from "./host.ts";
import { listMachines } from "./list.ts";
import { removeMachine } from "./remove.ts";
import { startMachine } from "./start.ts";
import { killMachine, stopMachine } from "./stop.ts";

let host: TestHost;

beforeEach(async () => {
  host = await makeTestHost();
});
afterEach(() => host.dispose());

test("a killed QEMU is seen, and what it left doesn't stop the next start", async () => {
  await host.create("box");
  process.kill(await host.pidOf("box"), "SIGKILL");
  await expect.poll(host.states).toEqual({ box: "Stopped" });
  expect((await startMachine(host, "box")).launched).toBe(true);
  expect(await host.states()).toEqual({ box: "Running" });
});

/** Was told the machine's pid file, as QEMU is, and never comes to write it. */
function qemuOnItsWay(): ChildProcess {
  const words = ["-pidfile", host.files("box").pid];
  return spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)", "--", ...words]);
}

/** Whether some command holds the machine's lock. */
async function isBusy(): Promise<boolean> {
  try {
    const { release } = await takeLock({ ...machineLock(host, "box", "test"), timeoutMs: 10 });
    await release();
    return false;
  } catch {
    return true;
  }
}

test("a QEMU that a killed command left on its way up is waited for", async () => {
  await host.create("box");
  await killMachine(host, "box");
  const onItsWay = qemuOnItsWay();
  await once(onItsWay, "spawn");
  expect(await host.states()).toEqual({ box: "Starting" });
  let isStarted = false;
  const started = startMachine(host, "box").then((result) => {
    isStarted = true;
    return result;
  });
  await expect.poll(isBusy).toBe(true);
  expect(isStarted).toBe(false);
  onItsWay.kill("SIGKILL");
  expect((await started).launched).toBe(true);
  expect(await host.states()).toEqual({ box: "Running" });
});

test("set waits for a QEMU that is about to end", async () => {
  await host.create("box");
  await killMachine(host, "box");
  const onItsWay = qemuOnItsWay();
  await once(onItsWay, "spawn");
  let isChanged = false;
  const changed = changeMachine(host, "box", { settings: { CPU: 2 } }).then(() => {
    isChanged = true;
  });
  await expect.poll(isBusy).toBe(true);
  expect(isChanged).toBe(false);
  onItsWay.kill("SIGKILL");
  await changed;
  await startMachine(host, "box");
  expect(host.lines.at(-1)).toContain("2 CPUs");
});

test("a QEMU on its way up is ended by kill", async () => {
  await host.create("box");
  await killMachine(host, "box");
  const onItsWay = qemuOnItsWay();
  const ended = once(onItsWay, "exit");
  await once(onItsWay, "spawn");
  expect(await killMachine(host, "box")).toBe(true);
  await ended;
  expect(await host.states()).toEqual({ box: "Stopped" });
});

test("a pid that another process has since is not taken for the machine", async () => {
  await host.create("box");
  await killMachine(host, "box");
  await writeFile(host.files("box").pid, `${process.pid}\n`);
  expect(await host.states()).toEqual({ box: "Stopped" });
  expect(await killMachine(host, "box")).toBe(false);
  expect((await startMachine(host, "box")).launched).toBe(true);
});

test("a QEMU without a monitor is an error, and kill ends it", async () => {
  await host.create("box");
  await rm(host.files("box").monitor);
  expect(await host.states()).toEqual({ box: "Error" });
  await expect(stopMachine(host, "box")).rejects.toThrow("podman-machine kill box");
  await expect(startMachine(host, "box")).rejects.toThrow("podman-machine kill box");
  expect(await killMachine(host, "box")).toBe(true);
  expect(await host.states()).toEqual({ box: "Stopped" });
});

test("a QEMU that hangs is a timeout", async () => {
  await host.create("box");
  process.kill(await host.pidOf("box"), "SIGSTOP");
  const [listed] = await listMachines(host.store, undefined, 200);
  expect(listed?.state).toBe("Timeout");
  process.kill(await host.pidOf("box"), "SIGCONT");
});

test("a machine with a broken config is listed with the reason, and can be removed", async () => {
  await host.create("box");
  await writeFile(host.files("box").config, "{");
  const [listed] = await listMachines(host.store, undefined, 2000);
  expect(listed).toMatchObject({ name: "box", state: "Error" });
  expect(listed?.error).toContain("config.json is not JSON");
  await removeMachine(host, "box", { force: true });
  expect(await host.folders()).toEqual([]);
});

test("of two creates of one name one wins", async () => {
  const results = await Promise.allSettled([host.create("box"), host.create("box")]);
  expect(results.map((result) => result.status).sort()).toEqual(["fulfilled", "rejected"]);
  expect(await host.states()).toEqual({ box: "Running" });
});

test("machines made at once have ports of their own", async () => {
  const made = await Promise.all(["a", "b", "c"].map((name) => host.create(name)));
  expect(new Set(made.map((machine) => machine.config.Driver.SSHPort)).size).toBe(3);
  expect(await host.states()).toEqual({ a: "Running", b: "Running", c: "Running" });
});

test("a start while it is being stopped waits, and the machine runs in the end", async () => {
  await host.create("box");
  let startedMeanwhile: ReturnType<typeof startMachine> | undefined;
  const line = (text: string) => {
    // From here on the stop has the lock.
    if (text.startsWith("Stopping")) {
      startedMeanwhile = startMachine(host, "box");
    }
  };
  const report = { ...host.report, line };
  expect(await stopMachine({ ...host, report }, "box")).toBe(true);
  expect((await startedMeanwhile)?.launched).toBe(true);
  expect(await host.states()).toEqual({ box: "Running" });
});

test("what a create that was killed left is no machine, and is gone after the next", async () => {
  await host.create("other");
  const left = join(machinesFolder(host.store), ".creating-box");
  await writeFile(left, "");
  expect(await host.states()).toEqual({ other: "Running" });
  await host.create("box");
  expect((await host.folders()).sort()).toEqual(["box", "other"]);
});
