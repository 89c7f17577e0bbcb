import { expect, test } from "vitest";
import type { IgnitionUser } from "./ignition.ts";
import { planAccounts } from "./plan-accounts.ts";

const files = {
  passwd:
    "root:x:0:0::/root:/bin/bash\nsshd:x:100:65534::/run/sshd:/usr/sbin/nologin\ncore:x:1000:50::/home/core:/bin/bash\n",
  group: "root:x:0:\nstaff:x:50:\nkvm:x:104:core\n",
  shadow: "root:*:::::::\ncore:*:::::::\n",
  sshd: "Match User core\n  SetEnv XDG_RUNTIME_DIR=/run/user/1000 DOCKER_HOST=unix:///run/user/1000/podman/podman.sock\n",
};

function user(name: string, more: Partial<IgnitionUser> = {}): IgnitionUser {
  return {
    name,
    keys: [],
    uid: undefined,
    groups: [],
    home: undefined,
    shell: undefined,
    shouldExist: true,
    ...more,
  };
}

function plan(
  core: Partial<IgnitionUser>,
  others: IgnitionUser[] = [],
  groups: { name: string; gid: number | undefined }[] = [],
) {
  const { passwd, group, shadow, sshd, homes, warnings } = planAccounts(files, {
    user: user("core", core),
    others,
    groups,
  });
  const added = (text: string, before: string) =>
    text.split("\n").filter((line) => !before.split("\n").includes(line));
  return {
    passwd: added(passwd, files.passwd),
    group: added(group, files.group),
    shadow: added(shadow, files.shadow),
    sshd: added(sshd, files.sshd),
    homes: homes.map(({ home, uid, gid }) => `${home} ${uid}:${gid}`),
    warnings,
  };
}

test.each([
  [501, "501"],
  [1000, "1000"],
  [1001, "1001"],
])("the user has the number %i and a group of the same, and may still become root", (uid, id) => {
  const { passwd, group, sshd, homes, warnings } = plan({ uid });
  expect(passwd).toEqual([`core:x:${id}:${id}::/home/core:/bin/bash`]);
  expect(group).toEqual(["staff:x:50:core", `core:x:${id}:`]);
  expect(sshd.join("").match(/\/run\/user\/\d+/g) ?? []).toEqual(
    uid === 1000 ? [] : [`/run/user/${id}`, `/run/user/${id}`],
  );
  expect(homes).toEqual([`/home/core ${id}:${id}`]);
  expect(warnings).toEqual([]);
});

test.each([
  [100, "user core keeps the number 1000: 100 is sshd's"],
  [0, "user core keeps the number 1000: 0 is root's"],
])("the number %i is somebody's, and stays so", (uid, warning) => {
  expect(plan({ uid })).toMatchObject({ passwd: [], warnings: [warning] });
});

test("an account of the system's own is nobody's to take", () => {
  const { passwd, warnings } = planAccounts(files, {
    user: user("sshd", { uid: 1000 }),
    others: [],
    groups: [],
  });
  expect(passwd).toBe(files.passwd);
  expect(warnings).toEqual(["user sshd is not made: sshd has the name or the number 1000"]);
});

test("groups that aren't there are made, and those of administrators make root of others too", () => {
  const { passwd, group, shadow, homes } = plan(
    { groups: ["sudo", "adm"] },
    [user("ann", { uid: 2000, groups: ["wheel"], shell: "/bin/sh" }), user("bob")],
    [{ name: "web", gid: 33 }],
  );
  expect(group).toEqual([
    "staff:x:50:core,ann",
    "web:x:33:",
    "core:x:1000:",
    "sudo:x:200:core",
    "adm:x:201:core",
    "ann:x:2000:",
    "wheel:x:202:ann",
    "bob:x:1001:",
  ]);
  expect(passwd).toEqual([
    "core:x:1000:1000::/home/core:/bin/bash",
    "ann:x:2000:2000::/home/ann:/bin/sh",
    "bob:x:1001:1001::/home/bob:/bin/bash",
  ]);
  expect(shadow).toEqual(["ann:*:::::::", "bob:*:::::::"]);
  expect(homes).toEqual(["/home/core 1000:1000", "/home/ann 2000:2000", "/home/bob 1001:1001"]);
});

test("what would break a line of the files is not taken", () => {
  const { passwd } = plan({}, [user("eve", { shell: "/bin/sh:x\nroot2::0:0::/:", home: "/a:b" })]);
  expect(passwd.at(-1)).toBe("eve:x:1001:1001::/home/eve:/bin/bash");
});
