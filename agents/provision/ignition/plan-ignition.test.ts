import { expect, test } from "vitest";
import { planIgnition } from "./plan-ignition.ts";
import { readIgnition } from "./read-ignition.ts";

function plan(config: object) {
  return planIgnition(
    readIgnition(Buffer.from(JSON.stringify({ ignition: { version: "3.5.0" }, ...config }))),
  );
}

const file = (path: string, text: string) => ({
  storage: { files: [{ path, contents: { source: `data:,${encodeURIComponent(text)}` } }] },
});

test("the user is the first one that shall be there; who shall go isn't one", () => {
  const users = [
    { name: "root", sshAuthorizedKeys: ["a"] },
    { name: "core", shouldExist: false },
    { name: "me", uid: 1001, groups: ["sudo"], sshAuthorizedKeys: ["b"] },
    { name: "ann" },
  ];
  const { user, others, keys, settings } = plan({ passwd: { users } });
  expect(user?.name).toBe("me");
  expect(others.map(({ name }) => name)).toEqual(["ann"]);
  expect(keys.map(({ name }) => name)).toEqual(["root", "me", "ann"]);
  expect(settings).toEqual([{ name: "user", value: "me" }]);
});

test.each([
  ["/usr/share/zoneinfo/Europe/Berlin", "Europe/Berlin"],
  ["../usr/share/zoneinfo/America/Argentina/Buenos_Aires", "America/Argentina/Buenos_Aires"],
  ["../../usr/share/zoneinfo/UTC", "UTC"],
])("a link to %s is the zone %s", (target, value) => {
  const { settings, entries } = plan({ storage: { links: [{ path: "/etc/localtime", target }] } });
  expect([settings, entries]).toEqual([[{ name: "tz", value }], []]);
});

test("a link to what is no zone stays a link", () => {
  const { entries } = plan({ storage: { links: [{ path: "/etc/localtime", target: "/x" }] } });
  expect(entries).toMatchObject([{ kind: "link", path: "/etc/localtime", target: "/x" }]);
});

test("the swap of --swap is a setting, and what isn't understood of it stays a file", () => {
  const path = "/etc/systemd/zram-generator.conf";
  expect(plan(file(path, "[zram0]\nzram-size=2048\n"))).toMatchObject({
    settings: [{ name: "boot2podman.zram", value: "2048M" }],
    entries: [],
  });
  expect(plan(file(path, "[zram0]\nzram-size = ram / 2\n"))).toMatchObject({
    settings: [],
    entries: [{ path }],
  });
});

test("the name of the host is one, and a list of ids ends its last line", () => {
  expect(plan(file("/etc/hostname", "web\n")).hostname).toBe("web");
  const [entry] = plan(file("/etc/subuid", "core:1:2")).entries;
  expect(entry).toMatchObject({ content: Buffer.from("core:1:2\n") });
});

test("Podman's mark is where Podman 6 looks for it too", () => {
  const { entries } = plan(file("/etc/containers/podman-machine", "qemu\n"));
  expect(entries.map(({ path }) => path)).toEqual([
    "/etc/containers/podman-machine",
    "/etc/podman-machine",
  ]);
});

test("says what is written and not started, and that root stays", () => {
  const { warnings } = plan({
    passwd: { users: [{ name: "root", shouldExist: false }] },
    ...file("/etc/systemd/system/web.service", "[Service]"),
  });
  expect(warnings).toEqual([
    "nothing starts /etc/systemd/system/web.service: there is no systemd here",
    "root can't be removed",
  ]);
});
