import { describe, expect, test } from "vitest";
import { FakeKernel } from "../../kernel/fake-kernel.testing.ts";
import type { Recorder } from "../../record/stages/recorder.ts";
import { defaultBootOptions } from "../../settings/boot-options.ts";
import { gateNames, holdGates, layGates } from "./gates.ts";
import { podmanStage } from "./podman-stage.ts";
import { readyStage, serviceStages } from "./stages.ts";

const gate = (name: string) => `/run/boot2podman/gate/${name}`;

function heldGates(kernel: FakeKernel) {
  layGates(kernel, "");
  return holdGates(kernel);
}

describe("gates", () => {
  test("are shut fifos held open, until one is opened: removed first, then let go", () => {
    const kernel = new FakeKernel();
    const gates = heldGates(kernel);
    for (const name of gateNames) {
      expect(kernel.stat(gate(name))?.kind).toBe("fifo");
    }
    kernel.journal.length = 0;
    gates.open("sshd");
    // A service whose read ends while the fifo is still there takes the boot for dead.
    expect(kernel.journal).toEqual([`unlink ${gate("sshd")}`, `releaseFifo ${gate("sshd")}`]);
    expect(kernel.exists(gate("console"))).toBe(true);
  });

  test("can be laid for another root before, and are then taken over", () => {
    const kernel = new FakeKernel();
    layGates(kernel, "/newroot");
    layGates(kernel, "/newroot");
    expect(kernel.stat(`/newroot${gate("sshd")}`)).toMatchObject({ kind: "fifo", mode: 0o600 });
    kernel.chroot("/newroot");
    heldGates(kernel).open("sshd");
    expect(kernel.exists(gate("sshd"))).toBe(false);
  });

  test("can be opened twice without harm", () => {
    const gates = heldGates(new FakeKernel());
    gates.open("console");
    expect(() => gates.open("console")).not.toThrow();
  });
});

function recorder(lines: string[]): Recorder {
  return {
    write: () => undefined,
    warn: () => undefined,
    tellHost: (line) => lines.push(line),
  };
}

function context(kernel: FakeKernel) {
  return { kernel, options: defaultBootOptions, notes: { observed: null, plan: null, done: [] } };
}

function stageOf(name: string, kernel: FakeKernel, lines: string[] = []) {
  const stage = serviceStages(heldGates(kernel), recorder(lines)).find((one) => one.name === name);
  if (stage === undefined) {
    throw new Error(`no stage ${name}`);
  }
  return stage;
}

describe("sshd's stage", () => {
  test("lets sshd go, tells the host its keys and waits until it listens", async () => {
    const kernel = new FakeKernel().lay({
      "/etc/ssh/ssh_host_ed25519_key": "PRIVATE",
      "/etc/ssh/ssh_host_ed25519_key.pub": "ssh-ed25519 AAAA root@box\n",
      "/etc/ssh/sshd_config": "Port 22\n",
    });
    const lines: string[] = [];
    const stage = stageOf("sshd", kernel, lines);
    kernel.cpuMs = 1234;
    const sshd = context(kernel);
    const outcome = stage.run(sshd);
    expect(kernel.exists(gate("sshd"))).toBe(false);
    kernel.lay({ "/run/sshd.pid": "99\n" });
    kernel.emitUevent({ action: "add", devpath: "/", values: {} });
    expect((await outcome).message).toBe("listening");
    expect(lines).toEqual(["hostkey ssh-ed25519 AAAA"]);
    expect(sshd.notes.observed).toEqual({ agentsCpuMs: 1234 });
  });

  test("comes after the keys, and is started even when it fails itself", async () => {
    const kernel = new FakeKernel();
    const stage = stageOf("sshd", kernel);
    expect(stage.needs).toContain("sshkeys");
    expect(await stage.onFailure?.(context(kernel))).toBe("started");
    expect(kernel.exists(gate("sshd"))).toBe(false);
  });
});

test.each([
  [{}, "tc"],
  [{ user: "docker" }, "docker"],
  [{ superuser: true }, "root"],
  [{ autologin: false, superuser: true }, "password"],
])("with %j the console's login is that of %s", async (more, who) => {
  const kernel = new FakeKernel();
  const stage = stageOf("console", kernel);
  const { options, ...rest } = context(kernel);
  await stage.run({ ...rest, options: { ...options, ...more } });
  expect(kernel.readText("/run/boot2podman/console-login")).toBe(`${who}\n`);
});

test("the console is started after sshd, but doesn't wait long for it", async () => {
  const kernel = new FakeKernel();
  const stage = stageOf("console", kernel);
  expect(stage.hopes).toEqual({ for: ["sshd", "settings"], patienceMs: 10_000 });
  expect(await stage.run(context(kernel))).toEqual({ result: "ok", message: "started" });
  expect(kernel.exists(gate("console"))).toBe(false);
});

test("podman's stage makes somebody serve, and waits for the socket", async () => {
  const kernel = new FakeKernel().lay({ "/run": null, "/usr/bin/podman": "" });
  const stage = podmanStage(() => kernel.listenUnix("/run/podman/podman.sock", 0o600));
  expect(await stage.run(context(kernel))).toEqual({
    result: "ok",
    message: "/run/podman/podman.sock",
  });
  expect(kernel.stat("/run/podman")?.mode).toBe(0o700);
});

test("an image without Podman is said to be one, and an extension's Podman is served once", async () => {
  const kernel = new FakeKernel();
  let served = 0;
  const stage = podmanStage(() => {
    served += 1;
  });
  expect(await stage.run(context(kernel))).toEqual({
    result: "skipped",
    message: "there is no Podman",
  });
  const loaded = "/run/boot2podman/extensions/loaded";
  kernel.emitChange(loaded);
  expect(served).toBe(0);
  kernel.lay({ "/usr/bin/podman": "" });
  kernel.emitChange(loaded);
  kernel.emitChange(loaded);
  expect(served).toBe(1);
});

test("ready tells the host, after sshd and podman's socket", async () => {
  const lines: string[] = [];
  const kernel = new FakeKernel();
  kernel.clockMs = 5210;
  const stage = readyStage(recorder(lines));
  expect(stage.needs).toEqual(expect.arrayContaining(["sshd", "podman"]));
  expect((await stage.run(context(kernel))).message).toBe("5.2 s after the kernel");
  expect(lines).toEqual(["ready"]);
});
