import { expect, test } from "vitest";
import { FakeKernel } from "../../kernel/fake-kernel.testing.ts";
import type { ServiceState } from "../../services/service-state.ts";
import { initStartMs, noteInitStart } from "../init-start.ts";
import type { StageRecord } from "../stages/stage-record.ts";
import { bootChart } from "./phases.ts";
import { chartSvg } from "./svg.ts";
import { chartTable } from "./table.ts";

function record(
  stage: string,
  startedMs: number,
  durationMs: number,
  more: Partial<StageRecord> = {},
): StageRecord {
  return {
    stage,
    startedMs,
    durationMs,
    result: "ok",
    observed: null,
    plan: null,
    done: [],
    message: "",
    ...more,
  };
}

function service(name: string, startedMs: number, failures = 0): ServiceState {
  return { name, pid: 1, startedMs, failures, isRunning: true };
}

const facts = {
  records: [
    record("ready", 5000, 10),
    record("root", 2500, 400),
    record("network", 3000, 900, { result: "failed", message: 'no <card> & "nothing"\u0007' }),
    record("bootsync", 4000, 0, { result: "skipped" }),
  ],
  services: [service("sshd", 4800), service("acpid", 3600, 2), service("crond", 90_000)],
  initMs: 1750,
};

test("the kernel, the initial RAM disk, stages and services lie on one time line, each by its start", () => {
  const { phases, readyMs, endMs } = bootChart(facts);
  expect(phases.map(({ kind, name, startMs, endMs: end }) => [kind, name, startMs, end])).toEqual([
    ["kernel", "kernel", 0, 1750],
    ["early", "early", 1750, 2500],
    ["stage", "root", 2500, 2900],
    ["stage", "network", 3000, 3900],
    ["stage", "bootsync", 4000, 4000],
    ["stage", "ready", 5000, 5010],
    ["service", "acpid", 3600, 5010],
    ["service", "sshd", 4800, 5010],
  ]);
  expect([readyMs, endMs]).toEqual([5010, 5010]);
});

test("when nobody noted when /init started, both are one", () => {
  const { phases } = bootChart({ ...facts, initMs: undefined });
  expect(phases[0]).toMatchObject({ kind: "kernel", name: "kernel, early", endMs: 2500 });
});

test("a boot without records or services is an empty picture, not an error", () => {
  const chart = bootChart({ records: [], services: [], initMs: undefined });
  expect(chart).toMatchObject({ readyMs: null, endMs: 0 });
  expect(chartSvg(chart, "t")).toMatch(/^<svg .*<\/svg>$/s);
});

test("the picture is sound XML with a bar and a name for each phase, failures in red", () => {
  const chart = bootChart(facts);
  const svg = chartSvg(chart, 'boot2podman <1> & "co"');
  for (const { name } of chart.phases) {
    expect(svg).toContain(`>${name}</text>`);
  }
  expect(svg.match(/<g>/g)).toHaveLength(chart.phases.length);
  expect(svg).toContain("no &lt;card&gt; &amp; &quot;nothing&quot;</title>");
  expect(svg).not.toMatch(/&(?!amp;|lt;|gt;|quot;)/);
  const network = svg.split("<g>").find((group) => group.includes(">network</text>"));
  expect(network).toContain("#d64545");
  expect(svg).toContain(">ready 5.01 s</text>");
});

test("the table says the same in lines", () => {
  expect(chartTable(bootChart(facts)).split("\n").slice(0, 4)).toEqual([
    "kind     name      result   start ms  end ms  took ms",
    "kernel   kernel    ok              0    1750     1750",
    "early    early     ok           1750    2500      750",
    "stage    root      ok           2500    2900      400",
  ]);
});

test("when /init started is taken from the kernel's log, and read by everybody", () => {
  const kernel = new FakeKernel().lay({ "/run/boot2podman": null });
  noteInitStart(kernel);
  expect(initStartMs(kernel)).toBeUndefined();
  kernel.messages =
    "<6>[    1.750412] Run /init as init process\n<7>[    1.7505]   with arguments:\n";
  noteInitStart(kernel);
  expect(initStartMs(kernel)).toBe(1750);
});
