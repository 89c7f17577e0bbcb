import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { FakeKernel } from "../../kernel/fake-kernel.testing.ts";
import { checkStore } from "./check-store.ts";
import { Crc64 } from "./crc64.ts";
import { reportLine } from "./report.ts";

const folder = "/var/lib/containers/storage";
const owner = { name: "root", uid: 0, gid: 0, home: "/root" };
const [base, top, mine] = ["a", "b", "c"].map((letter) => letter.repeat(64)) as [
  string,
  string,
  string,
];
const link = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

function notesOf(files: Record<string, string>): Uint8Array {
  const lines = Object.entries(files).flatMap(([name, content], position) => {
    const crc = new Crc64();
    crc.update(Buffer.from(content));
    const size = Buffer.byteLength(content);
    return [
      JSON.stringify({ type: 2, payload: "AAAA", position: position * 2 }),
      JSON.stringify({ type: 1, name, size, payload: crc.digest(), position: position * 2 + 1 }),
    ];
  });
  return new Uint8Array(gzipSync(`${lines.join("\n")}\n`));
}

/** A store with an image of two layers and a container of it. */
function store(): FakeKernel {
  const layers = [
    { id: base, created: "2026-01-01T00:00:00Z", "diff-digest": "sha256:1" },
    { id: top, parent: base, "diff-digest": "sha256:2" },
    { id: mine, parent: top },
  ];
  const image = { id: "1".repeat(64), names: ["localhost/app:latest"], layer: top };
  const container = {
    id: "2".repeat(64),
    names: ["web"],
    layer: mine,
    image: image.id,
    metadata: "{}",
  };
  return new FakeKernel().lay({
    [`${folder}/overlay-layers/layers.json`]: JSON.stringify(layers),
    [`${folder}/overlay-images/images.json`]: JSON.stringify([image]),
    [`${folder}/overlay-containers/containers.json`]: JSON.stringify([container]),
    [`${folder}/overlay-images/${image.id}/manifest`]: "{}",
    [`${folder}/overlay-layers/${base}.tar-split.gz`]: notesOf({ "./bin/sh": "shell", "etc/": "" }),
    [`${folder}/overlay-layers/${top}.tar-split.gz`]: notesOf({ "app/run": "program" }),
    [`${folder}/overlay/${base}/diff/bin/sh`]: "shell",
    [`${folder}/overlay/${top}/diff/app/run`]: "program",
    [`${folder}/overlay/${mine}/diff`]: null,
    ...Object.fromEntries([base, top, mine].map((id) => [`${folder}/overlay/${id}/link`, link])),
    [`${folder}/overlay/${top}/lower`]: `l/${link}`,
    [`${folder}/overlay/${mine}/lower`]: `l/${link}:l/${link}`,
  });
}

const check = (kernel: FakeKernel, sinceMs = 0) => checkStore(kernel, { owner, folder }, sinceMs);

test("a store that is as it came is whole", async () => {
  const checked = await check(store());
  expect(checked).toEqual({ owner: "root", layers: 3, images: 1, containers: 1, damaged: [] });
  expect(reportLine([checked])).toBe("no damage: 3 new layers of 1 image and 1 container");
});

test("a store that was never used is whole", async () => {
  expect((await check(new FakeKernel().lay({ [folder]: null }))).damaged).toEqual([]);
});

describe("what is damaged is named, with all that is built on it", () => {
  test.each<[string, (kernel: FakeKernel) => unknown, string]>([
    [
      "an empty file",
      (kernel) => kernel.lay({ [`${folder}/overlay/${base}/diff/bin/sh`]: "" }),
      "bin/sh has 0 bytes instead of 5",
    ],
    [
      "a torn page",
      (kernel) => kernel.lay({ [`${folder}/overlay/${top}/diff/app/run`]: "prog\0\0\0" }),
      "app/run differs from its recorded checksum",
    ],
    [
      "a missing file",
      (kernel) => kernel.unlink(`${folder}/overlay/${top}/diff/app/run`),
      "app/run is missing",
    ],
    [
      "an empty link",
      (kernel) => kernel.lay({ [`${folder}/overlay/${base}/link`]: "" }),
      "/link is empty",
    ],
    [
      "an empty lower",
      (kernel) => kernel.lay({ [`${folder}/overlay/${top}/lower`]: "" }),
      "/lower is empty",
    ],
    [
      "empty notes",
      (kernel) => kernel.lay({ [`${folder}/overlay-layers/${base}.tar-split.gz`]: "" }),
      "it can't be read",
    ],
    [
      "no notes",
      (kernel) => kernel.unlink(`${folder}/overlay-layers/${base}.tar-split.gz`),
      "notes of its files are missing",
    ],
    [
      "a missing folder",
      (kernel) => kernel.rename(`${folder}/overlay/${base}`, "/elsewhere"),
      "its folder is missing",
    ],
  ])("%s", async (_, harm, why) => {
    const kernel = store();
    harm(kernel);
    const { damaged } = await check(kernel);
    expect(damaged.map(({ kind, names }) => `${kind} ${names}`)).toEqual([
      "image localhost/app:latest",
      "container web",
    ]);
    expect(damaged[0]?.why).toContain(why);
  });

  test("a container's own layer damages the container alone", async () => {
    const kernel = store();
    kernel.lay({ [`${folder}/overlay/${mine}/link`]: "" });
    const checked = await check(kernel);
    expect(checked.damaged).toMatchObject([{ kind: "container", names: ["web"] }]);
    expect(reportLine([checked])).toMatch(
      /^of root, the power cut damaged container web .*Nothing was removed: save/,
    );
  });

  test("a list that can't be read", async () => {
    const kernel = store();
    kernel.lay({ [`${folder}/overlay-images/images.json`]: "" });
    expect((await check(kernel)).damaged).toMatchObject([{ kind: "list" }]);
  });

  test("a layer that isn't listed, though an image is built on it", async () => {
    const kernel = store();
    kernel.lay({ [`${folder}/overlay-layers/layers.json`]: "[]" });
    expect((await check(kernel)).damaged).toMatchObject([
      { kind: "image", why: expect.stringContaining("not there") },
      { kind: "container" },
    ]);
  });
});

test("a layer that Podman hasn't finished isn't listed, and no damage", async () => {
  const kernel = store();
  const layers = [{ id: base, "diff-digest": "sha256:1", flags: { incomplete: true } }];
  kernel.lay({
    [`${folder}/overlay-layers/layers.json`]: JSON.stringify(layers),
    [`${folder}/overlay-images/images.json`]: "[]",
    [`${folder}/overlay-containers/containers.json`]: "[]",
    [`${folder}/overlay/${base}/link`]: "",
  });
  expect((await check(kernel)).damaged).toEqual([]);
});

test("layers from long before the cut aren't read", async () => {
  const kernel = store();
  const later = kernel.nowMs() + 100 * 24 * 3_600_000;
  expect((await check(kernel, later)).layers).toBe(0);
});

test("nothing is read through a link or from what is no file", async () => {
  const kernel = store();
  kernel.unlink(`${folder}/overlay/${base}/diff/bin/sh`);
  kernel.lay({ "/secret": "shell" }).symlink("/secret", `${folder}/overlay/${base}/diff/bin/sh`);
  expect((await check(kernel)).damaged[0]?.why).toContain("ELOOP");
});

describe("what was half made when the power went is told apart, since to remove it loses nothing", () => {
  const image = `${folder}/overlay-images/${"1".repeat(64)}`;

  test("an image without its manifest", async () => {
    const kernel = store();
    kernel.unlink(`${image}/manifest`);
    const all = await checkStore(asOfLastBoot(kernel), { owner, folder }, 0);
    expect(all.damaged).toMatchObject([{ kind: "image", isRemains: true }]);
  });

  test("but not one that somebody is making in this boot", async () => {
    const kernel = store();
    kernel.unlink(`${image}/manifest`);
    // This boot began before it was made.
    kernel.uptimeMs = () => kernel.nowMs() + 1;
    expect((await check(kernel)).damaged).toEqual([]);
  });

  test.each([
    ["of a build is removed", { metadata: "" }, false, [true, undefined]],
    [
      "that goes when it ends is removed",
      { metadata: "{}", flags: { Volatile: true } },
      true,
      [true, undefined],
    ],
    ["is removed unless Podman knows it", { metadata: "{}", flags: {} }, false, [true, true]],
    [
      "stays when its files are there: a list was lost",
      { metadata: "{}" },
      true,
      [undefined, undefined],
    ],
  ])("a container without its layer %s", async (_, more, hasFiles, [isRemains, mayBeKnown]) => {
    const kernel = store();
    if (hasFiles) {
      kernel.lay({ [`${folder}/overlay/${"d".repeat(64)}/diff`]: null });
    }
    const one = { id: "3".repeat(64), names: ["working"], layer: "d".repeat(64), ...more };
    kernel.lay({
      [`${folder}/overlay-containers/containers.json`]: JSON.stringify([one]),
      [`${folder}/overlay-containers/${one.id}`]: null,
    });
    const { damaged } = await checkStore(asOfLastBoot(kernel), { owner, folder }, 0);
    expect(damaged).toMatchObject([{ kind: "container", names: ["working"] }]);
    expect(damaged[0]?.isRemains).toBe(isRemains);
    expect(damaged[0]?.mayBeKnown).toBe(mayBeKnown);
  });
});

/** A machine that started after all that is there had been written. */
function asOfLastBoot(kernel: FakeKernel): FakeKernel {
  kernel.uptimeMs = () => -1_000;
  return kernel;
}
