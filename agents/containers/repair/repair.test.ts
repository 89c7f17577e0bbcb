import { describe, expect, test } from "vitest";
import { FakeKernel } from "../../kernel/fake-kernel.testing.ts";
import type { Damage } from "../check/check-store.ts";
import { planRepairs } from "./plan-repair.ts";
import { removeRemains, repair } from "./repair.ts";

const image = (id: string, ...names: string[]): Damage => ({ kind: "image", id, names, why: "" });
const checked = (...damaged: Damage[]) => ({
  ...{ owner: "root", layers: 1, images: 1, containers: 1 },
  damaged,
});

describe("what may be put right without a person", () => {
  test.each<[string, Damage[], number]>([
    ["an image of a registry", [image("1", "docker.io/library/a:latest")], 1],
    ["two of them", [image("1", "quay.io/a:1"), image("2", "10.0.0.1:5000/b:2")], 2],
    ["an image that was built here", [image("1", "localhost/a:latest")], 0],
    ["an image of a registry on this machine", [image("1", "localhost:5000/a:latest")], 0],
    ["an image without a name", [image("1")], 0],
    ["an image with a name of here too", [image("1", "quay.io/a:1", "localhost/a:latest")], 0],
    [
      "an image beside one that was built here, which may be built on it",
      [image("1", "quay.io/a:1"), image("2", "localhost/a:latest")],
      0,
    ],
    [
      "an image that a container needs",
      [image("1", "quay.io/a:1"), { kind: "container", id: "3", names: ["web"], why: "" }],
      0,
    ],
    ["a list", [{ kind: "list", id: "", names: [], why: "" }], 0],
  ])("%s", (_, damaged, count) => {
    expect(planRepairs(checked(...damaged))).toHaveLength(count);
  });
});

describe("putting right", () => {
  const store = {
    owner: { name: "tc", uid: 1000, gid: 50, home: "/home/tc" },
    folder: "/home/tc/.local/share/containers/storage",
  };
  const wanted = { id: "1234", names: ["quay.io/team/a:1", "quay.io/team/a:latest"] };
  const digest = "quay.io/team/a@sha256:abc";
  const run = async (refused?: string) => {
    const kernel = new FakeKernel().onRun("podman", ([, ...words]) => {
      if (words[0] === refused) {
        return { exitCode: 125, stderr: `Error: no ${refused}\n` };
      }
      return { stdout: words[0] === "image" ? JSON.stringify([digest]) : "" };
    });
    const line = await repair(kernel, store, wanted);
    const done = kernel.runs.map(({ argv }) => argv.slice(1).join(" "));
    return { kernel, line, done };
  };

  test("asks the registry first, and names the image as before", async () => {
    const { kernel, line, done } = await run();
    expect(done.slice(1)).toEqual([
      `manifest inspect ${digest}`,
      "rmi 1234",
      `pull -q ${digest}`,
      `tag ${digest} quay.io/team/a:1`,
      `tag ${digest} quay.io/team/a:latest`,
    ]);
    expect(line).toContain("has been pulled again");
    expect(kernel.runs.every(({ options }) => options?.owner?.uid === 1000)).toBe(true);
  });

  test.each(["image", "manifest"])("removes nothing when podman %s fails", async (refused) => {
    const { line, done } = await run(refused);
    expect(done.join()).not.toContain("rmi");
    expect(line).toMatch(/could not be pulled again .*no /);
  });

  test.each<[string, Partial<Damage>, string[], string[], RegExp]>([
    ["an image", { kind: "image" }, [], ["rmi 12"], /was removed$/],
    ["a container of a build", {}, ["known", "external"], ["rm 12"], /was removed$/],
    ["one that Podman has removed itself", {}, [], [], /is gone$/],
    ["one that Podman doesn't know", { mayBeKnown: true }, ["external"], ["rm 12"], /removed$/],
    [
      "one that Podman knows",
      { mayBeKnown: true },
      ["known", "external"],
      [],
      /has lost its files to the power cut: podman rm web$/,
    ],
  ])(
    "removes what is left of something, but nothing with settings: %s",
    async (_, more, exists, done, line) => {
      const kernel = new FakeKernel().onRun("podman", ([, ...words]) => {
        const where = words.includes("--external") ? "external" : "known";
        return { exitCode: words[1] === "exists" && !exists.includes(where) ? 1 : 0 };
      });
      const remains = { kind: "container", id: "12", names: ["web"], why: "", ...more } as const;
      expect(await removeRemains(kernel, store, remains)).toMatch(line);
      const called = kernel.runs.map(({ argv }) => argv.slice(1).join(" "));
      expect(called.filter((words) => !words.includes(" exists "))).toEqual(done);
    },
  );

  test("says what to do when the registry goes away in between", async () => {
    expect((await run("pull")).line).toMatch(
      /removed, but not pulled again .*podman pull quay.io\/team\/a:1$/,
    );
  });
});
