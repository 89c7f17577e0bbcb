import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { readIgnition } from "./read-ignition.ts";

/** As podman 5.4.2 of Debian 13 writes it. */
const ofClient = readFileSync(new URL("../../../test/client/podman-5.4.2.ign", import.meta.url));

function read(config: object, version = "3.4.0") {
  return readIgnition(Buffer.from(JSON.stringify({ ignition: { version }, ...config })));
}

test("reads all that podman machine asks for, and leaves nothing out", () => {
  const { users, entries, units, notHonoured, warnings } = readIgnition(ofClient);
  expect({ notHonoured, warnings }).toEqual({ notHonoured: [], warnings: [] });
  expect(users.map(({ name, uid, keys }) => [name, uid, keys.length])).toEqual([
    ["core", 1000, 1],
    ["root", undefined, 1],
  ]);
  expect(entries.map(({ kind }) => kind).join(" ")).toBe(
    "folder folder folder folder folder file file file file file file link link link",
  );
  expect(entries.find(({ path }) => path === "/etc/subuid")).toEqual({
    kind: "file",
    path: "/etc/subuid",
    overwrite: true,
    owner: { uid: "root", gid: "root" },
    mode: 0o744,
    content: Buffer.from("core:100000:1000000"),
    append: [],
  });
  expect(units.map(({ name, enabled }) => [name, enabled])).toEqual([
    ["podman.socket", true],
    ["zincati.service", false],
    ["envset-fwcfg.service", true],
    ["ready.service", true],
  ]);
});

test.each([
  ["no JSON", "{", "nothing of it is used: "],
  ["another language", "variant: fcos", "nothing of it is used: "],
  ["no object", "[]", "nothing of it is used: it: invalid input"],
  ["no version", '{"ignition":{}}', "nothing of it is used: ignition.version: invalid input"],
  ["an old spec", '{"ignition":{"version":"2.3.0"}}', 'its version "2.3.0" is not 3.0.0 to 3.5.0'],
  ["no UTF-8", "\xff", "nothing of it is used: "],
])("uses nothing of a config with %s, and says why", (_, text, warning) => {
  const { users, entries, warnings } = readIgnition(Buffer.from(text, "latin1"));
  expect([users, entries]).toEqual([[], []]);
  expect(warnings).toEqual([expect.stringContaining(warning)]);
});

test("what is wrong with one item keeps none of the others", () => {
  const { entries, warnings } = read({
    storage: {
      files: [
        { path: "/etc/a", contents: { source: "http://host/a" } },
        { path: "relative" },
        { path: "/etc/../shadow" },
        { path: "/etc//x" },
        { path: "/etc/b", mode: 99999 },
        { path: "/etc/c" },
        7,
      ],
      links: [{ path: "/etc/l", target: "/x", hard: true }],
    },
  });
  expect(entries.map(({ path }) => path)).toEqual(["/etc/c"]);
  expect(warnings).toHaveLength(7);
  expect(warnings[0]).toBe(
    'file "/etc/a" is not honoured: http: is not fetched: write the content as a data: URL',
  );
  expect(warnings.join("\n")).toContain('link "/etc/l" is not honoured: hard: ');
});

test("names what means nothing here, and not what is empty", () => {
  const { notHonoured } = read({
    ignition: {
      version: "3.4.0",
      config: { merge: [{ source: "https://x" }], replace: {} },
      proxy: {},
    },
    kernelArguments: { shouldExist: ["quiet"] },
    storage: { disks: [{ device: "/dev/sda" }], raid: [], luks: null },
    passwd: { users: [{ name: "core", passwordHash: "$6$", system: true }] },
  });
  expect(notHonoured).toEqual([
    "ignition.config",
    "kernelArguments",
    "storage.disks",
    'user "core": passwordHash',
    'user "core": system',
  ]);
});

test("a newer spec is read as far as it is known, and named", () => {
  expect(read({}, "3.6.0-experimental").notHonoured).toEqual([
    "what is new in version 3.6.0-experimental",
  ]);
});
