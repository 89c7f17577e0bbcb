import { expect, test } from "vitest";
import { FakeKernel } from "../kernel/fake-kernel.testing.ts";
import { defaultBootOptions } from "../settings/boot-options.ts";
import { controlPath, parseRequest } from "./control/protocol.ts";
import { parseGenerated } from "./generate/parse-output.ts";
import { hasQuadletFiles } from "./generate/quadlet-folders.ts";
import { parseNotifyMessage } from "./run/notify-message.ts";
import { quadletStage } from "./stage.ts";

const root = { uid: 0, home: "/root" };
const tc = { uid: 1000, home: "/home/tc" };

function run(kernel: FakeKernel, options = {}) {
  const notes = { observed: null, plan: null, done: [] as string[] };
  const stage = quadletStage(() => undefined);
  return stage.run({ kernel, options: { ...defaultBootOptions, ...options }, notes });
}

test("without Quadlet files no process is started, and both owners may ask all the same", async () => {
  const kernel = new FakeKernel().lay({
    "/etc/passwd": "root:x:0:0::/root:/bin/sh\ntc:x:1000:50::/home/tc:/bin/sh\n",
  });
  expect(await run(kernel)).toEqual({ result: "skipped", message: "no Quadlet files" });
  expect(kernel.runs).toEqual([]);
  expect([0, 1000].map((uid) => kernel.lstat(controlPath(uid))?.kind)).toEqual([
    "socket",
    "socket",
  ]);
});

test("with cgroup v1 files are refused in words; autostart=off, or a disk that may run nothing, leaves them alone", async () => {
  const file = { "/etc/containers/systemd/web.container": "" };
  await expect(run(new FakeKernel().lay(file), { cgroup: "v1" })).rejects.toThrow("need cgroup v2");
  const foreign = new FakeKernel().lay({ ...file, "/run/boot2podman/no-hooks": "" });
  expect(await run(foreign)).toMatchObject({ result: "skipped" });
  const off = await run(new FakeKernel().lay(file), { autostart: false });
  expect(off.message).toBe("switched off");
});

test.each([
  ["/etc/containers/systemd/web.container", true, false],
  ["/etc/containers/systemd/deep/er/data.volume", true, false],
  ["/etc/containers/systemd/users/web.kube", false, true],
  ["/etc/containers/systemd/users/1000/web.pod", false, true],
  ["/etc/containers/systemd/users/1001/web.pod", false, true],
  ["/home/tc/.config/containers/systemd/lan.network", false, true],
  ["/etc/containers/systemd/web.service", false, false],
])("%s is root's: %s, the user's: %s", (path, isRoots, isUsers) => {
  const kernel = new FakeKernel().lay({ [path]: "" });
  expect([root, tc].map((user) => hasQuadletFiles(kernel, user))).toEqual([isRoots, isUsers]);
});

test("what the generator prints is divided into units and complaints", () => {
  const { units, warnings } = parseGenerated(
    "---a.service---\n[Unit]\nA=1\n\n---../b.service---\n---c@.service---\n[Unit]\n",
    'quadlet-generator[7]: Loading source unit file /x\nquadlet-generator[7]: converting "b": \u001b[1mbad\n',
  );
  expect([...units.keys()]).toEqual(["a.service", "c@.service"]);
  expect(units.get("a.service")).toContain("---../b.service---");
  expect(warnings).toEqual(['converting "b": ?[1mbad']);
});

test.each([
  ['{"verb":"start","names":["web","q@1.service"]}', undefined],
  ["{", "no JSON"],
  ["[]", "no verb"],
  ['{"verb":"kill","names":[]}', "verb is unknown"],
  ['{"verb":"start","names":["../x"]}', "no names of services"],
  ['{"verb":"start","names":"web"}', "no names of services"],
])("the request %s is refused: %s", (text, why) => {
  if (why === undefined) {
    expect(parseRequest(text).names).toHaveLength(2);
  } else {
    expect(() => parseRequest(text)).toThrow(why);
  }
});

test("a message of a service's is read, whatever else is in it", () => {
  const message = "READY=1\nMAINPID=12\nX\nSTATUS=a\u0007b\nEXTEND_TIMEOUT_USEC=5000\nMAINPID=0x1";
  expect(parseNotifyMessage(message)).toEqual({
    isReady: true,
    mainPid: undefined,
    extendMs: 5,
    status: "a?b",
  });
});
