import { expect, test } from "vitest";
import { FakeKernel } from "../../kernel/fake-kernel.testing.ts";
import { defaultBootOptions } from "../../settings/boot-options.ts";
import { planMounts } from "./plan-mounts.ts";
import { mountsStage } from "./stage.ts";

const user = { name: "tc", uid: 1000, gid: 50, home: "/home/tc" };

test.each([
  [[], ["/dev/pts", "/dev/shm", "/dev/mqueue", "/sys/kernel/security"]],
  [["/dev/shm"], ["/dev/pts", "/dev/mqueue", "/sys/kernel/security"]],
  [["/", "/dev/pts", "/dev/shm", "/dev/mqueue", "/sys/kernel/security"], []],
])("with %j mounted it mounts %j", (mounted, expected) => {
  const mounts = planMounts({ mounted, user, securityfs: true }).filter(
    (step) => step.do === "mount",
  );
  expect(mounts.map((mount) => mount.target)).toEqual(expected);
});

test("a kernel without securityfs gets none", () => {
  const steps = planMounts({ mounted: [], user, securityfs: false });
  expect(steps.filter((step) => "path" in step && step.path.startsWith("/sys"))).toEqual([]);
});

test("terminals belong to group tty, and everybody may open a new one", () => {
  const mounts = planMounts({ mounted: [], user, securityfs: true }).filter(
    (step) => step.do === "mount",
  );
  expect(mounts[0]).toMatchObject({ type: "devpts", options: "gid=5,mode=620,ptmxmode=666" });
});

test("the stage makes mounts, standard links and the user's runtime folder", async () => {
  const kernel = new FakeKernel().lay({
    "/dev": null,
    "/run": null,
    "/etc/passwd": "tc:x:1000:50::/home/tc:/bin/sh\n",
  });
  const notes = { observed: null, plan: null, done: [] };
  const outcome = await mountsStage.run({ kernel, options: defaultBootOptions, notes });
  expect(outcome).toEqual({ result: "ok", message: "" });
  expect(kernel.readlink("/dev/stdin")).toBe("/proc/self/fd/0");
  expect(kernel.stat("/run/user/1000")).toMatchObject({ mode: 0o700, uid: 1000, gid: 50 });
});

test("the stage says that the user is missing, and mounts all the same", async () => {
  const kernel = new FakeKernel().lay({ "/dev": null, "/run": null });
  const notes = { observed: null, plan: null, done: [] };
  const options = { ...defaultBootOptions, user: "docker" };
  const outcome = await mountsStage.run({ kernel, options, notes });
  expect(outcome).toEqual({ result: "ok", message: "there is no user docker" });
  expect(kernel.mounts()).toHaveLength(3);
});

test("in the plain way it mounts what can be mounted, whatever fails", async () => {
  const kernel = new FakeKernel().lay({ "/dev": null, "/run": null });
  kernel.failOn("mount", "/dev/shm", "EINVAL");
  const notes = { observed: null, plan: null, done: [] };
  await mountsStage.onFailure?.({ kernel, options: defaultBootOptions, notes });
  expect(kernel.mounts().map((mount) => mount.target)).toEqual(["/dev/pts", "/dev/mqueue"]);
  expect(kernel.kernelLog).toEqual(["mount /dev/shm: EINVAL (fault of the test)"]);
});
