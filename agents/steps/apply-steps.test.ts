import { expect, test } from "vitest";
import { FakeKernel } from "../kernel/fake-kernel.testing.ts";
import { applySteps } from "./apply-steps.ts";
import { type Step, stepText } from "./step.ts";

const owner = { uid: 1000, gid: 50 };

test("carries steps out in order and notes each in words", () => {
  const kernel = new FakeKernel().lay({ "/skeleton/a": "1" });
  const steps: Step[] = [
    { do: "folder", path: "/run/x", mode: 0o700, owner },
    {
      do: "mount",
      source: "x",
      target: "/run/x",
      type: "tmpfs",
      flags: ["nosuid"],
      options: "size=1m",
    },
    { do: "copyTree", from: "/skeleton", to: "/run/x" },
    { do: "write", path: "/run/x/b", content: "2\n", mode: 0o600 },
    { do: "own", path: "/run/x/b", owner },
    { do: "link", path: "/run/x/c", target: "b" },
  ];
  const done: string[] = [];
  applySteps(kernel, steps, done);
  expect(done).toEqual([
    "make folder /run/x",
    "mount x on /run/x (tmpfs,nosuid,size=1m)",
    "copy /skeleton into /run/x",
    'write "2" to /run/x/b',
    "give /run/x/b to 1000:50",
    "link /run/x/c to b",
  ]);
  expect(kernel.readText("/run/x/a")).toBe("1");
  expect(kernel.stat("/run/x/c")).toMatchObject({ mode: 0o600, uid: 1000, gid: 50 });
});

test("leaves what is there in the place of a link", () => {
  const kernel = new FakeKernel().lay({ "/bin/own": "mine" });
  applySteps(kernel, [{ do: "link", path: "/bin", target: "usr/bin" }], []);
  expect(kernel.lstat("/bin")?.kind).toBe("folder");
});

test("stops at the first refusal, with what was done so far", () => {
  const kernel = new FakeKernel();
  kernel.failOn("mkdir", "/b", "ENOSPC");
  const done: string[] = [];
  const folders = ["/a", "/b", "/c"].map((path): Step => ({ do: "folder", path }));
  expect(() => applySteps(kernel, folders, done)).toThrow("mkdir /b: ENOSPC");
  expect(done).toEqual(["make folder /a"]);
  expect(kernel.exists("/c")).toBe(false);
});

test("takes a mount off again", () => {
  const kernel = new FakeKernel().lay({ "/run/x/below": "1" });
  const steps: Step[] = [
    { do: "mount", source: "t", target: "/run/x", type: "tmpfs" },
    { do: "unmount", target: "/run/x" },
  ];
  applySteps(kernel, steps, []);
  expect(kernel.exists("/run/x/below")).toBe(true);
  expect(steps.map(stepText)[1]).toBe("unmount /run/x");
});
