import { expect, test } from "vitest";
import { FakeKernel } from "../kernel/fake-kernel.testing.ts";
import { findUser, parsePasswd } from "./find-user.ts";

const passwd =
  "root:x:0:0:root:/root:/bin/sh\n# note\ntc:x:1000:50::/home/tc:/bin/bash\nbad:x:a:b::/:\n";

test("reads accounts and leaves out lines that are none", () => {
  expect(parsePasswd(passwd)).toEqual([
    { name: "root", uid: 0, gid: 0, home: "/root" },
    { name: "tc", uid: 1000, gid: 50, home: "/home/tc" },
  ]);
});

test("finds an account by its whole name", () => {
  const kernel = new FakeKernel().lay({ "/etc/passwd": passwd });
  expect(findUser(kernel, "tc")?.uid).toBe(1000);
  expect(findUser(kernel, "t")).toBeUndefined();
  expect(findUser(new FakeKernel(), "tc")).toBeUndefined();
});
