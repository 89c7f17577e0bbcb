import { appendFile, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readProcess } from "../driver/qemu/process.ts";
import { createMachine } from "./create.ts";
import { makeTestHost, type TestHost } from "./host.testing.ts";
import { removeMachine } from "./remove.ts";
import { startMachine, waitUntilReady } from "./start.ts";
import { killMachine, stopMachine } from "./stop.ts";

let host: TestHost;

beforeEach(async () => {
  host = await makeTestHost();
});
afterEach(() => host.dispose());

test("a machine is created, stopped, started and removed", async () => {
  const machine = await host.create("box");
  expect(await host.states()).toEqual({ box: "Running" });
  expect((await stat(host.files("box").folder)).mode & 0o777).toBe(0o700);
  expect(await readFile(host.files("box").knownHosts, "utf8")).toBe("box ssh-ed25519 FAKE\n");

  expect(await stopMachine(host, "box")).toBe(true);
  expect(await host.states()).toEqual({ box: "Stopped" });
  expect(await stopMachine(host, "box")).toBe(false);

  const again = await startMachine(host, "box");
  expect(again.launched).toBe(true);
  expect(again.machine.config.Driver.SSHPort).toBe(machine.config.Driver.SSHPort);
  expect((await startMachine(host, "box")).launched).toBe(false);

  await stopMachine(host, "box");
  await removeMachine(host, "box", { force: false });
  expect(await host.folders()).toEqual([]);
});

test("the disk's key is the machine's", async () => {
  await host.create("box");
  const publicKey = await readFile(host.files("box").publicKey, "utf8");
  expect(publicKey).toMatch(/^ssh-ed25519 [A-Za-z0-9+/]{68} ?\n$/);
});

test("a name that is taken is refused, and the machine goes on", async () => {
  await host.create("box");
  await expect(host.create("box")).rejects.toThrow('Podman machine "box" already exists');
  expect(await host.states()).toEqual({ box: "Running" });
});

test.each([
  ["a missing image", { Image: "/nonexistent" }, "There is no complete image in /nonexistent"],
  ["a missing QEMU", { Program: "/nonexistent/qemu" }, "/nonexistent/qemu is not installed"],
  ["a QEMU that doesn't start", { KernelArguments: "fake.broken" }, "it is a fake"],
])("%s is told, and nothing half-made stays", async (_, change, message) => {
  await expect(createMachine(host, "box", host.wanted(change))).rejects.toThrow(message);
  expect(await host.folders()).toEqual([]);
});

test("a port that was chosen and is taken is told, and nothing stays", async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const SSHPort = typeof address === "object" && address !== null ? address.port : 0;
  await expect(createMachine(host, "box", host.wanted({ SSHPort }))).rejects.toThrow(
    `Port ${SSHPort} of 127.0.0.1, the SSH port of "box", is taken`,
  );
  expect(await host.folders()).toEqual([]);
  server.close();
});

test("a port that nobody chose is changed when another program has it", async () => {
  const { config } = await host.create("box");
  await stopMachine(host, "box");
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(config.Driver.SSHPort, "127.0.0.1", resolve));
  const { machine } = await startMachine(host, "box");
  expect(machine.config.Driver.SSHPort).not.toBe(config.Driver.SSHPort);
  expect(host.warnings.join()).toContain(`Port ${config.Driver.SSHPort} is used`);
  server.close();
});

test("a machine without its disk is not started", async () => {
  await host.create("box");
  await stopMachine(host, "box");
  await rm(host.files("box").disk);
  await expect(startMachine(host, "box")).rejects.toThrow('The disk of "box" is missing');
});

test("a guest that doesn't become ready is told with the console's last line", async () => {
  const machine = await host.create("box", "fake.mute");
  const { bootLog } = host.files("box");
  await expect.poll(() => readFile(bootLog, "utf8")).toContain("stage cgroups");
  await expect(waitUntilReady(host, machine, 300)).rejects.toThrow(
    /^"box" was not ready within 0 s after the stage cgroups\. Its console, .*console\.log, says "fake login:"\.$/,
  );
  expect(await host.states()).toEqual({ box: "Running" });
});

test("what a failed boot printed can still be read after the next start", async () => {
  await host.create("box", "fake.mute");
  await writeFile(host.files("box").consoleLog, "why it failed\n");
  await killMachine(host, "box");
  await startMachine(host, "box");
  expect(await readFile(`${host.files("box").consoleLog}.1`, "utf8")).toBe("why it failed\n");
  expect(await readFile(host.files("box").consoleLog, "utf8")).toContain("fake kernel");
});

test("a guest whose kernel panics is told at once, with the reason", async () => {
  const machine = await host.create("box", "fake.panics");
  await expect(waitUntilReady(host, machine, 60_000)).rejects.toThrow(
    /^"box" can't continue\. Its console, .*, says "Kernel panic - not syncing: fake"\.$/,
  );
});

test("the stages of a boot are reported as they come", async () => {
  const machine = await host.create("box", "fake.mute");
  const ready = waitUntilReady(host, machine, 60_000);
  await expect.poll(() => host.lines).toContain("stage cgroups ok");
  await appendFile(host.files("box").bootLog, "stage network failed 12\nready\n");
  await ready;
  expect(host.lines.filter((line) => line.startsWith("stage"))).toEqual([
    "stage cgroups ok",
    "stage network failed",
  ]);
});

test("a guest that ends is told at once", async () => {
  const machine = await host.create("box", "fake.dies");
  await expect(waitUntilReady(host, machine, 60_000)).rejects.toThrow(
    '"box" ended before it was ready',
  );
  expect(await host.states()).toEqual({ box: "Stopped" });
});

test("a guest that ignores the power button is switched off, and it is said (accident 10)", async () => {
  await host.create("box", "fake.deaf");
  expect(await stopMachine(host, "box", 200)).toBe(true);
  expect(host.warnings.join()).toContain("did not shut down within 0 s: it is switched off");
  expect(await host.states()).toEqual({ box: "Stopped" });
});

test("a running machine is only removed by force", async () => {
  await host.create("box");
  await expect(removeMachine(host, "box", { force: false })).rejects.toThrow(
    '"box" is not stopped (Running)',
  );
  expect(await host.states()).toEqual({ box: "Running" });
  const pid = await host.pidOf("box");
  await removeMachine(host, "box", { force: true });
  expect(await host.folders()).toEqual([]);
  expect(await readProcess(pid)).toBeUndefined();
});

test("an unknown machine is told by every verb", async () => {
  const text = 'Podman machine "x" does not exist.';
  await expect(startMachine(host, "x")).rejects.toThrow(text);
  await expect(stopMachine(host, "x")).rejects.toThrow(text);
  await expect(killMachine(host, "x")).rejects.toThrow(text);
  await expect(removeMachine(host, "x", { force: true })).rejects.toThrow(text);
});
