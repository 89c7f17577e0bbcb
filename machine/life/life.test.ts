import { readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readProcess } from "../driver/qemu/process.ts";
import { filesIn, machineFolder, machinesFolder } from "../store/machine-files.ts";
import { createMachine } from "./create.ts";
import { listMachines } from "./list.ts";
import { removeMachine } from "./remove.ts";
import { startMachine, waitUntilReady } from "./start.ts";
import { killMachine, stopMachine } from "./stop.ts";
import { makeTestHost, type TestHost } from "./test-host.ts";

let host: TestHost;

beforeEach(async () => {
  host = await makeTestHost();
});
afterEach(() => host.dispose());

const files = (name: string) => filesIn(machineFolder(host.store, name));
const pidOf = async (name: string) => Number(await readFile(files(name).pid, "utf8"));
const machines = () => readdir(machinesFolder(host.store)).catch(() => []);

async function states(): Promise<Record<string, string>> {
  const all = await listMachines(host.store, undefined, 2000);
  return Object.fromEntries(all.map((machine) => [machine.name, machine.state]));
}

async function create(name: string, kernelArguments = "") {
  const machine = await createMachine(host, name, { ...host.choices, kernelArguments });
  if (kernelArguments === "") {
    await waitUntilReady(host, machine);
  }
  return machine;
}

test("a machine is created, stopped, started and removed", async () => {
  const machine = await create("box");
  expect(host.lines).toContain("stage cgroups ok");
  expect(await states()).toEqual({ box: "Running" });
  expect((await stat(files("box").folder)).mode & 0o777).toBe(0o700);
  expect(await readFile(files("box").knownHosts, "utf8")).toBe("box ssh-ed25519 FAKE\n");

  expect(await stopMachine(host, "box")).toBe(true);
  expect(await states()).toEqual({ box: "Stopped" });
  expect(await stopMachine(host, "box")).toBe(false);

  const again = await startMachine(host, "box");
  expect(again.launched).toBe(true);
  expect(again.machine.config.Driver.SSHPort).toBe(machine.config.Driver.SSHPort);
  expect((await startMachine(host, "box")).launched).toBe(false);

  await stopMachine(host, "box");
  await removeMachine(host, "box", { force: false });
  expect(await machines()).toEqual([]);
});

test("the disk's key is the machine's", async () => {
  await create("box");
  const publicKey = await readFile(files("box").publicKey, "utf8");
  expect(publicKey).toMatch(/^ssh-ed25519 [A-Za-z0-9+/]{68} ?\n$/);
});

test("a name that is taken is refused, and the machine goes on", async () => {
  await create("box");
  await expect(create("box")).rejects.toThrow('Podman machine "box" already exists');
  expect(await states()).toEqual({ box: "Running" });
});

test.each([
  ["a missing image", { image: "/nonexistent" }, "There is no whole image in /nonexistent"],
  ["a missing QEMU", { program: "/nonexistent/qemu" }, "/nonexistent/qemu is not installed"],
  ["a QEMU that doesn't start", { kernelArguments: "fake.broken" }, "it is a fake"],
])("%s is told, and nothing half-made stays", async (_, change, message) => {
  await expect(createMachine(host, "box", { ...host.choices, ...change })).rejects.toThrow(message);
  expect(await machines()).toEqual([]);
});

test("a port that was chosen and is taken is told, and nothing stays", async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const sshPort = typeof address === "object" && address !== null ? address.port : 0;
  await expect(createMachine(host, "box", { ...host.choices, sshPort })).rejects.toThrow(
    `Port ${sshPort} of 127.0.0.1, the SSH port of "box", is taken`,
  );
  expect(await machines()).toEqual([]);
  server.close();
});

test("a port that nobody chose is changed when another program has it", async () => {
  const { config } = await create("box");
  await stopMachine(host, "box");
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(config.Driver.SSHPort, "127.0.0.1", resolve));
  const { machine } = await startMachine(host, "box");
  expect(machine.config.Driver.SSHPort).not.toBe(config.Driver.SSHPort);
  expect(host.warnings.join()).toContain(`Port ${config.Driver.SSHPort} is taken`);
  server.close();
});

test("a machine without its disk is not started", async () => {
  await create("box");
  await stopMachine(host, "box");
  await rm(files("box").disk);
  await expect(startMachine(host, "box")).rejects.toThrow('The disk of "box" is missing');
});

test("a guest that doesn't become ready is told with the console's last line", async () => {
  const machine = await create("box", "fake.mute");
  await expect(waitUntilReady(host, machine, 300)).rejects.toThrow(
    /^"box" was not ready within 0 s after the stage cgroups\. Its console, .*console\.log, ends with "fake panic"\.$/,
  );
  expect(await states()).toEqual({ box: "Running" });
});

test("what a failed boot printed can still be read after the next start", async () => {
  await create("box", "fake.mute");
  await writeFile(files("box").consoleLog, "why it failed\n");
  await killMachine(host, "box");
  await startMachine(host, "box");
  expect(await readFile(`${files("box").consoleLog}.1`, "utf8")).toBe("why it failed\n");
  expect(await readFile(files("box").consoleLog, "utf8")).toContain("fake kernel");
});

test("a guest that ends is told at once", async () => {
  const machine = await create("box", "fake.dies");
  await expect(waitUntilReady(host, machine, 10_000)).rejects.toThrow(
    '"box" ended before it was ready',
  );
  expect(await states()).toEqual({ box: "Stopped" });
});

test("a guest that ignores the power button is switched off, and it is said", async () => {
  await create("box", "fake.deaf");
  expect(await stopMachine(host, "box", 200)).toBe(true);
  expect(host.warnings.join()).toContain("did not shut down within 0 s: it is switched off");
  expect(await states()).toEqual({ box: "Stopped" });
});

test("a killed QEMU is seen, and what it left doesn't stop the next start", async () => {
  await create("box");
  process.kill(await pidOf("box"), "SIGKILL");
  await expect.poll(states).toEqual({ box: "Stopped" });
  expect((await startMachine(host, "box")).launched).toBe(true);
  expect(await states()).toEqual({ box: "Running" });
});

test("a pid that another process has since is not taken for the machine", async () => {
  await create("box");
  await killMachine(host, "box");
  await writeFile(files("box").pid, `${process.pid}\n`);
  expect(await states()).toEqual({ box: "Stopped" });
  expect(await killMachine(host, "box")).toBe(false);
  expect((await startMachine(host, "box")).launched).toBe(true);
});

test("a QEMU without a monitor is an error, and kill ends it", async () => {
  await create("box");
  await rm(files("box").monitor);
  expect(await states()).toEqual({ box: "Error" });
  await expect(stopMachine(host, "box")).rejects.toThrow("podman-machine kill box");
  await expect(startMachine(host, "box")).rejects.toThrow("podman-machine kill box");
  expect(await killMachine(host, "box")).toBe(true);
  expect(await states()).toEqual({ box: "Stopped" });
});

test("a QEMU that hangs is a timeout, and kill ends it", async () => {
  await create("box");
  process.kill(await pidOf("box"), "SIGSTOP");
  const [listed] = await listMachines(host.store, undefined, 200);
  expect(listed?.state).toBe("Timeout");
  process.kill(await pidOf("box"), "SIGCONT");
});

test("a running machine is only removed by force", async () => {
  await create("box");
  await expect(removeMachine(host, "box", { force: false })).rejects.toThrow(
    '"box" is not stopped (Running)',
  );
  expect(await states()).toEqual({ box: "Running" });
  const pid = await pidOf("box");
  await removeMachine(host, "box", { force: true });
  expect(await machines()).toEqual([]);
  expect(await readProcess(pid)).toBeUndefined();
});

test("a machine with a broken config is listed with the reason, and can be removed", async () => {
  await create("box");
  await writeFile(files("box").config, "{");
  const [listed] = await listMachines(host.store, undefined, 2000);
  expect(listed).toMatchObject({ name: "box", state: "Error" });
  expect(listed?.error).toContain("config.json is not JSON");
  await removeMachine(host, "box", { force: true });
  expect(await machines()).toEqual([]);
});

test("of two creates of one name one wins", async () => {
  const results = await Promise.allSettled([create("box"), create("box")]);
  expect(results.map((result) => result.status).sort()).toEqual(["fulfilled", "rejected"]);
  expect(await states()).toEqual({ box: "Running" });
});

test("machines made at once have ports of their own", async () => {
  const made = await Promise.all(["a", "b", "c"].map((name) => create(name)));
  expect(new Set(made.map((machine) => machine.config.Driver.SSHPort)).size).toBe(3);
  expect(await states()).toEqual({ a: "Running", b: "Running", c: "Running" });
});

test("a start while it is being stopped waits, and the machine runs in the end", async () => {
  await create("box");
  const [stopped, started] = await Promise.all([
    stopMachine(host, "box"),
    new Promise((resolve) => setTimeout(resolve, 60)).then(() => startMachine(host, "box")),
  ]);
  expect(stopped).toBe(true);
  expect(started.launched).toBe(true);
  expect(await states()).toEqual({ box: "Running" });
});

test("what a create that was killed left is no machine, and is gone after the next", async () => {
  await create("other");
  const left = join(machinesFolder(host.store), ".creating-box");
  await writeFile(left, "");
  expect(await states()).toEqual({ other: "Running" });
  await create("box");
  expect((await machines()).sort()).toEqual(["box", "other"]);
});

test("an unknown machine is told by every verb", async () => {
  const text = 'Podman machine "x" does not exist.';
  await expect(startMachine(host, "x")).rejects.toThrow(text);
  await expect(stopMachine(host, "x")).rejects.toThrow(text);
  await expect(killMachine(host, "x")).rejects.toThrow(text);
  await expect(removeMachine(host, "x", { force: true })).rejects.toThrow(text);
});
