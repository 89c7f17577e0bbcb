import { readFileSync } from "node:fs";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { FakeKernel } from "../kernel/fake-kernel.testing.ts";
import { defaultMostMs } from "../kernel/quiet.ts";
import { holdGates, layGates } from "./services/gates.ts";

const service = readFileSync(
  new URL("../../image/tree/usr/lib/boot2podman/service", import.meta.url),
  "utf8",
);
const alivePath = "/run/boot2podman/boot.alive";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function heldGates() {
  const kernel = new FakeKernel();
  const from = Date.now();
  kernel.uptimeMs = () => Date.now() - from;
  layGates(kernel, "");
  return { kernel, gates: holdGates(kernel) };
}

test("a boot that waits says so oftener than a service at its gate looks", async () => {
  const [, lookSeconds] = /^gate_look=(\d+)$/m.exec(service) ?? [];
  expect(service).toContain(alivePath);
  const { kernel } = heldGates();
  const said = new Set<string | undefined>();
  const looks = 20;
  for (let look = 0; look < looks; look += 1) {
    await vi.advanceTimersByTimeAsync(Number(lookSeconds) * 1000);
    said.add(kernel.readTextIfPresent(alivePath));
  }
  expect(said.size).toBe(looks);
  expect(looks * Number(lookSeconds) * 1000).toBeGreaterThanOrEqual(defaultMostMs);
});

test("it says no more when the services are started", async () => {
  const { kernel, gates } = heldGates();
  for (const name of ["sshd", "console", "acpid"] as const) {
    gates.open(name);
  }
  await vi.advanceTimersByTimeAsync(300_000);
  expect(kernel.exists(alivePath)).toBe(false);
  expect(vi.getTimerCount()).toBe(0);
});
