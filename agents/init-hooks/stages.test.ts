import { expect, test } from "vitest";
import { FakeKernel } from "../kernel/fake-kernel.testing.ts";
import { openModuleLoader } from "../modules/module-loader.ts";
import { openRecorder } from "../record/stages/recorder.ts";
import { defaultBootOptions } from "../settings/boot-options.ts";
import { openSettings } from "../settings/settings.ts";
import { runStages } from "../stage/run-stages.ts";
import { openDhcpClients } from "./network/dhcp-clients.ts";
import { holdGates, layGates } from "./services/gates.ts";
import { bootStages } from "./stages.ts";

function heldGates(kernel: FakeKernel) {
  layGates(kernel, "");
  return holdGates(kernel);
}

function stages() {
  const kernel = new FakeKernel();
  return bootStages({
    settings: openSettings("").settings,
    loader: openModuleLoader(kernel, []),
    seen: new Set(),
    headStart: undefined,
    clients: openDhcpClients(kernel),
    gates: heldGates(kernel),
    recorder: openRecorder(kernel),
    watchDevices: () => undefined,
    servePodman: () => undefined,
    hasOwnServices: false,
  });
}

test("the stages of the boot have names of their own and needs that can be met", () => {
  const all = stages();
  expect(new Set(all.map((stage) => stage.name)).size).toBe(all.length);
  const idle = all.map((stage) => ({
    ...stage,
    run: async () => ({ result: "ok" as const, message: "" }),
  }));
  const kernel = new FakeKernel();
  const options = defaultBootOptions;
  expect(() =>
    runStages({ stages: idle, kernel, options, onRecord: () => undefined }),
  ).not.toThrow();
});

test("sshd waits for keys, and keys for the data disk", () => {
  const needs = new Map(stages().map((stage) => [stage.name, stage.needs]));
  expect(needs.get("sshd")).toContain("sshkeys");
  expect(needs.get("sshkeys")).toContain("automount");
  expect(needs.get("automount")).toContain("devices");
});

test("every stage has a deadline, and none of more than fits into a patient person's boot", () => {
  for (const { name, deadlineMs } of stages()) {
    expect(deadlineMs, name).toBeGreaterThan(0);
    expect(deadlineMs, name).toBeLessThanOrEqual(600_000);
  }
});

test("getting in is possible without the stages that it hangs on: each has a plain way", () => {
  const withPlainWay = stages().filter((stage) => stage.onFailure !== undefined);
  const names = withPlainWay.map((stage) => stage.name);
  expect(names).toEqual(
    expect.arrayContaining(["devices", "network", "sshkeys", "sshd", "console"]),
  );
});
