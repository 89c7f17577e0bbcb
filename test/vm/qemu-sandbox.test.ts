import { mkdtemp } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { LaunchPlan } from "../../machine/driver/qemu/arguments.ts";
import { readProcess } from "../../machine/driver/qemu/process.ts";
import { type SandboxFacts, sandboxArguments } from "../../machine/driver/qemu/sandbox.ts";
import { readQemuVersion } from "../../machine/driver/qemu/version.ts";
import { type IdleQemu, idleQemu } from "./harness/idle-qemu.ts";
import { confinementOf } from "./harness/seccomp.ts";

const isRoot = process.getuid?.() === 0;
const program = "qemu-system-x86_64";
const confined = "Seccomp 2 NoNewPrivs 1";
const notPermitted = { error: { desc: expect.stringMatching(/Operation not permitted/) } };
const ordinary: SandboxFacts = {
  isSupported: true,
  network: "user",
  isRoot: false,
  hasDisplay: false,
};

let qemu: IdleQemu;

beforeEach(async () => {
  qemu = await idleQemu(await mkdtemp(path.join(tmpdir(), "b2p-box-")));
});
afterEach(() => qemu.dispose());

/** Asks QEMU's monitor; undefined when QEMU ends instead of answering. */
function ask(execute: string, args: Record<string, unknown>): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const monitor = connect(qemu.files.monitor);
    monitor.on("error", reject);
    monitor.on("close", () => resolve(undefined));
    const lines = createInterface({ input: monitor }).on("error", reject);
    lines.on("line", (line) => {
      const answer = JSON.parse(line);
      if (answer.QMP !== undefined) {
        monitor.write('{"execute": "qmp_capabilities"}');
        monitor.write(JSON.stringify({ execute, arguments: args, id: "asked" }));
      } else if (answer.id === "asked") {
        resolve(answer);
        monitor.destroy();
      }
    });
  });
}

/** Makes QEMU start a program: what a guest that has taken it over would do first. */
const spawnProgram = () => ask("netdev_add", { type: "bridge", id: "more", helper: "/bin/true" });
/** Newer ones say that they may not, older ones are ended by the kernel. */
function expectDenied(answer: unknown): void {
  if (answer !== undefined) {
    expect(answer).toMatchObject(notPermitted);
  }
}

/** Makes QEMU choose the processors that it runs on. */
const setAffinity = () =>
  ask("object-add", { "qom-type": "thread-context", id: "more", "cpu-affinity": [0] });

async function startUp(facts: Partial<SandboxFacts>, more: Parameters<IdleQemu["start"]>[0] = {}) {
  const sandbox = sandboxArguments({ ...ordinary, ...facts });
  const outcome = await qemu.start({ ...more, plan: { ...more.plan, sandbox } });
  expect(outcome).toMatchObject({ kind: "up" });
  const pid = outcome.kind === "up" ? outcome.pid : 0;
  expect(new Set(await confinementOf(pid))).toEqual(new Set([confined]));
  return pid;
}

describe.skipIf(process.arch !== "x64")("the QEMU of a machine", () => {
  test("can't start a program", async () => {
    await startUp({});
    expectDenied(await spawnProgram());
  });

  test("starts one without its sandbox: that is what prevents it", async () => {
    const outcome = await qemu.start();
    // What was started is no helper.
    const noHelper = { error: { desc: expect.stringMatching(/TUNGETIFF|helper failed/) } };
    expect(await spawnProgram()).toMatchObject(noHelper);
    expect(outcome.kind === "up" && (await readProcess(outcome.pid))).toBeTruthy();
  });

  test("can't choose its processors, and goes on", async () => {
    const pid = await startUp({});
    expect(await setAffinity()).toMatchObject(notPermitted);
    expect(await readProcess(pid)).toBeDefined();
  });

  test("chooses them without its sandbox", async () => {
    expect(await qemu.start()).toMatchObject({ kind: "up" });
    expect(await setAffinity()).toMatchObject({ return: {} });
  });

  /** QEMU 9.1 has both. */
  const asNobody = async () => {
    const major = (await readQemuVersion(program))?.major ?? 0;
    return { after: major > 9 ? ["-run-with", "user=nobody"] : ["-runas", "nobody"] };
  };

  test.skipIf(!isRoot)("can't become another user", async () => {
    const outcome = await qemu.start({
      ...(await asNobody()),
      plan: { sandbox: sandboxArguments(ordinary) },
    });
    expect(outcome).toMatchObject({ kind: "ended", signal: "SIGSYS" });
  });

  test.skipIf(!isRoot)("becomes one without its sandbox", async () => {
    expect(await qemu.start(await asNobody())).toMatchObject({ kind: "up" });
  });

  /** A network of its own; the helper for bridges reads its rules in /etc. */
  const inNetwork = (script: string) => [
    ...["unshare", "--net", "--mount", "sh", "-ec", `${script}\nexec "$@"`, "sh"],
  ];
  const tap: LaunchPlan["network"] = { kind: "tap", interface: "tap0" };
  const bridge: LaunchPlan["network"] = { kind: "bridge", bridge: "br0" };

  test.skipIf(!isRoot)("on a tap is confined as on the user network", async () => {
    const before = inNetwork("ip tuntap add tap0 mode tap");
    await startUp({ network: "tap", isRoot: true }, { before, plan: { network: tap } });
    expectDenied(await spawnProgram());
  });

  test.skipIf(!isRoot)("of root on a bridge starts the bridge's helper", async () => {
    const rules =
      "mount -t tmpfs tmpfs /etc; mkdir /etc/qemu; echo allow br0 >/etc/qemu/bridge.conf";
    const before = inNetwork(`ip link add br0 type bridge; ip link set br0 up; ${rules}`);
    await startUp({ network: "bridge", isRoot: true }, { before, plan: { network: bridge } });
    expect(await setAffinity()).toMatchObject(notPermitted);
  });
});
