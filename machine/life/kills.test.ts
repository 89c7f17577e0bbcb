import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type IPty, spawn as openTerminal } from "node-pty";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { readProcess } from "../driver/qemu/process.ts";
import { makeTestHost, type TestHost } from "./host.testing.ts";
import { removeMachine } from "./remove.ts";
import { startMachine, waitUntilReady } from "./start.ts";
import { killMachine } from "./stop.ts";

const program = join(import.meta.dirname, "../podman-machine");

let host: TestHost;

beforeEach(async () => {
  host = await makeTestHost();
});
afterEach(() => host.dispose());

/** The words of a person who makes a machine. */
function createWords(kernelArguments: string): string[] {
  const { Image, Program } = host.settings;
  const flags = [
    ...["--image", Image, "--program", Program, "--accelerator", "tcg"],
    ...["--memory", "256", "--disk-size", "256", "--no-connection", "--timeout", "60"],
    ...["--append", kernelArguments],
  ];
  return ["-s", host.store, "create", ...flags, "box"];
}

/** Starts `create` as a person does, and kills it and its helpers' parent at the first line that fits. */
async function createKilledAt(line: RegExp, kernelArguments: string): Promise<boolean> {
  const child = spawn(program, createWords(kernelArguments), {
    stdio: ["ignore", "pipe", "ignore"],
    env: { ...process.env, HOME: host.store },
  });
  const ended = once(child, "exit");
  let wasSeen = false;
  for await (const text of createInterface({ input: child.stdout })) {
    if (line.test(text)) {
      wasSeen = true;
      child.kill("SIGKILL");
      break;
    }
  }
  await ended;
  return wasSeen;
}

test.each([
  ["while the key is made", /^Creating SSH key/, ""],
  ["while the disk is made", /^Creating disk image/, ""],
  ["while QEMU starts", /^Starting "box"/, ""],
  ["while the guest boots", /^stage /, "fake.waits"],
  ["at the end", /is ready, after/, ""],
])(
  "create that is killed %s leaves what ls tells, and what start or create, and rm, mend",
  async (_, line, kernelArguments) => {
    expect(await createKilledAt(line, kernelArguments)).toBe(true);
    // QEMU may just be about to go to the background.
    const state = await vi.waitFor(
      async () => {
        const { box } = await host.states();
        expect([undefined, "Stopped", "Running"]).toContain(box);
        return box;
      },
      { timeout: 60_000 },
    );
    if (state === undefined) {
      // Nothing is listed, so nothing is in the way.
      await host.create("box");
    } else {
      const { machine } = await startMachine(host, "box");
      await writeFile(join(machine.files.folder, "go"), "");
      await waitUntilReady(host, machine, 60_000);
    }
    expect(await host.states()).toEqual({ box: "Running" });
    const pid = await host.pidOf("box");
    await killMachine(host, "box");
    await removeMachine(host, "box", { force: false });
    expect(await host.folders()).toEqual([]);
    expect(await readProcess(pid)).toBeUndefined();
  },
);

test.each([
  ["is closed", (terminal: IPty) => terminal.kill("SIGKILL")],
  ["sends ^C", (terminal: IPty) => terminal.write("\u0003")],
])("a machine goes on when the terminal of its create %s, which ends that", async (_, end) => {
  const terminal = openTerminal(program, createWords("fake.waits"), {
    env: { ...process.env, HOME: host.store },
  });
  const ended = new Promise((resolve) => terminal.onExit(resolve));
  await new Promise<void>((resolve) => {
    terminal.onData((text) => text.includes("cgroups") && resolve());
  });
  end(terminal);
  await ended;
  await expect.poll(() => host.states(), { timeout: 60_000 }).toEqual({ box: "Running" });
  await writeFile(join(host.files("box").folder, "go"), "");
  const { machine, launched } = await startMachine(host, "box");
  expect(launched).toBe(false);
  await waitUntilReady(host, machine, 60_000);
});

test("machines are created, started and removed at the same time", async () => {
  const names = ["a", "b", "c"];
  await Promise.all(names.map((name) => host.create(name)));
  expect(await host.states()).toEqual({ a: "Running", b: "Running", c: "Running" });
  const ports = await Promise.all(
    names.map(async (name) => (await startMachine(host, name)).machine.config.Driver.SSHPort),
  );
  expect(new Set(ports).size).toBe(3);
  await Promise.all(names.map((name) => removeMachine(host, name, { force: true })));
  expect(await host.states()).toEqual({});
});

test("of two creates of one name at the same time, one makes the machine", async () => {
  const results = await Promise.allSettled([host.create("one"), host.create("one")]);
  const refused = results.filter((result) => result.status === "rejected");
  expect(refused).toHaveLength(1);
  expect(String(refused[0]?.reason)).toContain('Podman machine "one" already exists');
  expect(await host.states()).toEqual({ one: "Running" });
});
