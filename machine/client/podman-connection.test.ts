import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { connectPodman, planConnections } from "./podman-connection.ts";

const ours = (name: string, port = 1) => ({
  name,
  uri: `ssh://root@127.0.0.1:${port}/run/podman/podman.sock`,
  identity: "/m/box/id_ed25519",
});
const theirs = (name: string) => ({ ...ours(name), identity: "/home/me/.ssh/id_rsa" });

test.each([
  ["nothing is known", [], [ours("box")], { add: ["box"], remove: [], taken: [] }],
  ["all is known", [ours("box")], [ours("box")], { add: [], remove: [], taken: [] }],
  ["the port is another", [ours("box", 2)], [ours("box")], { add: ["box"], remove: [], taken: [] }],
  [
    "a name leads elsewhere",
    [theirs("box")],
    [ours("box")],
    { add: [], remove: [], taken: ["box"] },
  ],
  [
    "a name isn't wanted any more",
    [ours("box-user")],
    [ours("box")],
    { add: ["box"], remove: ["box-user"], taken: [] },
  ],
  ["the machine is gone", [ours("box"), theirs("x")], [], { add: [], remove: ["box"], taken: [] }],
])("%s", (_, known, wanted, plan) => {
  const found = planConnections(known, wanted, "/m/box");
  expect({ ...found, add: found.add.map((one) => one.name) }).toEqual(plan);
});

test("a name that led to a machine that is gone is taken, or removed when it isn't wanted", () => {
  const known = [theirs("box"), theirs("box-user"), theirs("x")];
  const stale = new Set(["box", "box-user"]);
  expect(planConnections(known, [ours("box")], "/m/box", stale)).toEqual({
    add: [ours("box")],
    remove: ["box-user"],
    taken: [],
  });
});

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "podman-connection-"));
});
afterEach(() => rm(folder, { recursive: true }));

/** A podman that prints a list, notes what it is told, and fails at one word. */
async function layPodman(list: string, failsAt = "nothing"): Promise<void> {
  const script = `#!/bin/sh
echo "$*" >>${folder}/told
[ "$3" = ${failsAt} ] && { echo "Error: it is a fake" >&2; exit 125; }
[ "$3" = list ] && echo '${list}'
exit 0
`;
  await writeFile(join(folder, "podman"), script);
  await chmod(join(folder, "podman"), 0o755);
}

const environment = () => ({ PATH: `${folder}:${process.env.PATH}` });

test.each(["null", "[]", ""])(
  "podman is told in its own words when its list is %j",
  async (list) => {
    await layPodman(list);
    expect(await connectPodman(environment(), [ours("box")], "/m/box")).toEqual([]);
    expect((await readFile(join(folder, "told"), "utf8")).split("\n")).toEqual([
      "system connection list --format json",
      "system connection add --identity /m/box/id_ed25519 box ssh://root@127.0.0.1:1/run/podman/podman.sock",
      "",
    ]);
  },
);

test("what podman refuses is one line, and no failure", async () => {
  await layPodman("[]", "add");
  expect(await connectPodman(environment(), [ours("box")], "/m/box")).toEqual([
    'podman could not add the connection "box": Error: it is a fake',
  ]);
});

test("a name that leads elsewhere is left alone, and it is said", async () => {
  await layPodman('[{"Name":"box*","URI":"ssh://a","Identity":"/k"}]');
  expect((await connectPodman(environment(), [ours("box")], "/m/box")).join()).toContain(
    `podman's connection "box" points elsewhere and was not changed`,
  );
});

test("a name that led to a machine of a deleted store is taken over", async () => {
  const old = { Name: "box", URI: "ssh://old", Identity: "/gone/machines/box/id_ed25519" };
  await layPodman(JSON.stringify([old]));
  expect(await connectPodman(environment(), [ours("box")], "/m/box")).toEqual([]);
  expect(await readFile(join(folder, "told"), "utf8")).toContain("add --identity /m/box");
});

test("a host without podman is told nothing", async () => {
  expect(await connectPodman({ PATH: "/nonexistent" }, [ours("box")], "/m/box")).toEqual([]);
});
