import { expect, test } from "vitest";
import { FakeKernel } from "../../kernel/fake-kernel.testing.ts";
import { defaultBootOptions } from "../../settings/boot-options.ts";
import { daemonsStage } from "./stage.ts";

function run(kernel: FakeKernel, more: Partial<typeof defaultBootOptions>) {
  const notes = { observed: null, plan: null, done: [] };
  return daemonsStage.run({ kernel, options: { ...defaultBootOptions, ...more }, notes });
}

test("by default nothing is started", async () => {
  const kernel = new FakeKernel();
  expect((await run(kernel, {})).result).toBe("skipped");
  expect(kernel.runs).toEqual([]);
});

test("each option starts what it names", async () => {
  const kernel = new FakeKernel().onRun("crond").onRun("syslogd").onRun("service");
  const outcome = await run(kernel, { cron: true, syslog: true, multivt: true });
  expect(outcome.message).toMatch(/^syslogd, crond, console-tty2, .*console-tty6$/);
  expect(kernel.runs.map(({ argv }) => argv[0])).toEqual([
    "syslogd",
    "crond",
    ...new Array(5).fill("/usr/lib/boot2podman/service"),
  ]);
  expect(kernel.stat("/var/lib/boot2podman/etc/crontabs")?.mode).toBe(0o700);
});
