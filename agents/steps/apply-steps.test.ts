import { expect, test } from "vitest";
import { FakeKernel } from "../kernel/fake-kernel.testing.ts";
import { applySteps } from "./apply-steps.ts";
import { type Step, stepText } from "./step.ts";

const owner = { uid: 1000, gid: 50 };

test("carries steps out in order and notes each in words", () => {
  const kernel = new FakeKernel().lay({ "/skeleton/a": "1" });
  const steps: Step[] = [
    { do: "folder", path: "/x", mode: 0o700, owner },
    {
      do: "mount",
      source: "x",
      target: "/x",
      type: "tmpfs",
      flags: ["nosuid"],
      options: "size=1m",
    },
    { do: "copyTree", from: "/skeleton", to: "/x" },
    { do: "write", path: "/x/b", content: "2\n", mode: 0o600 },
    { do: "own", path: "/x/b", owner },
    { do: "link", path: "/x/c", target: "b" },
  ];
  const done: string[] = [];
  applySteps(kernel, steps, done);
  expect(done).toEqual([
    "make folder /x",
    "mount x on /x (tmpfs,nosuid,size=1m)",
    "copy /skeleton into /x",
    'write "2" to /x/b',
    "give /x/b to 1000:50",
    "link /x/c to b",
  ]);
  expect(kernel.readText("/x/a")).toBe("1");
  expect(kernel.stat("/x/c")).toMatchObject({ mode: 0o600, uid: 1000, gid: 50 });
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
  const kernel = new FakeKernel().lay({ "/x/below": "1" });
  const steps: Step[] = [
    { do: "mount", source: "t", target: "/x", type: "tmpfs" },
    { do: "unmount", target: "/x" },
  ];
  applySteps(kernel, steps, []);
  expect(kernel.exists("/x/below")).toBe(true);
  expect(steps.map(stepText)[1]).toBe("unmount /x");
});
