import { expect, test } from "vitest";
import { FakeKernel } from "../../kernel/fake-kernel.testing.ts";
import { defaultBootOptions } from "../../settings/boot-options.ts";
import { dropInsStage } from "./stage.ts";

const source = "/var/lib/boot2podman/etc/containers";

function run(kernel: FakeKernel) {
  const notes = { observed: null, plan: null, done: [] as string[] };
  return dropInsStage.run({ kernel, options: defaultBootOptions, notes });
}

test("without files of one's own nothing is changed", async () => {
  const kernel = new FakeKernel();
  expect((await run(kernel)).result).toBe("skipped");
  expect(kernel.journal).toEqual([]);
});

test("files join and replace the image's, keys for root alone", async () => {
  const kernel = new FakeKernel().lay({
    "/etc/containers/policy.json": "{}",
    "/etc/containers/registries.conf": 'short-name-mode = "permissive"',
    [`${source}/policy.json`]: '{"default":[]}',
    [`${source}/registries.conf.d/lan.conf`]: '[[registry]]\nlocation = "lan:5000"\n',
    [`${source}/certs.d/lan:5000/client.key`]: "key",
    [`${source}/.hidden`]: "x",
  });
  expect(await run(kernel)).toEqual({
    result: "ok",
    message: "3 files of /etc/containers from the data disk",
  });
  expect(kernel.readText("/etc/containers/policy.json")).toBe('{"default":[]}');
  expect(kernel.readText("/etc/containers/registries.conf")).toMatch(/permissive/);
  expect(kernel.readText("/etc/containers/registries.conf.d/lan.conf")).toMatch(/lan:5000/);
  expect(kernel.stat("/etc/containers/certs.d/lan:5000/client.key")?.mode).toBe(0o600);
  expect(kernel.exists("/etc/containers/.hidden")).toBe(false);
});

test("what Podman couldn't read, links and deep folders are left out, and said", async () => {
  const kernel = new FakeKernel().lay({
    "/etc/containers": null,
    "/etc/shadow": "secret",
    [`${source}/containers.conf`]: "[engine\n",
    [`${source}/policy.json`]: "{",
    [`${source}/a/b/c/d/e.conf`]: "",
    [`${source}/good.conf`]: "a = 1",
  });
  kernel.symlink("/etc/shadow", `${source}/link.conf`);
  const said = await run(kernel).catch((error: Error) => error.message);
  expect(said).toMatch(/^1 files of .*; /);
  expect(said).toContain("etc/containers/containers.conf is skipped: line 1 is not valid TOML");
  expect(said).toContain("etc/containers/policy.json is skipped: ");
  expect(said).toContain("etc/containers/link.conf is skipped: it is a link");
  expect(said).toContain("etc/containers/a/b/c/d is skipped: it is a folder");
  expect(kernel.list("/etc/containers")).toEqual(["good.conf"]);
});

test.each([
  [
    "containers.conf",
    '[containers]\nlog_driver = "journald"',
    'log_driver = "journald" needs systemd',
  ],
  ["containers.conf.d/a.conf", '[engine]\nevents_logger = "journald"', 'use "file"'],
  ["containers.conf.d/b.conf", '[engine]\ncgroup_manager = "systemd"', 'use "cgroupfs"'],
])(
  "what needs systemd is skipped, and what to use instead is said: %s",
  async (path, text, why) => {
    const kernel = new FakeKernel().lay({ "/etc/containers": null, [`${source}/${path}`]: text });
    const said = await run(kernel).catch((error: Error) => error.message);
    expect(said).toContain(`etc/containers/${path} is skipped: `);
    expect(said).toContain(why);
    expect(kernel.exists(`/etc/containers/${path}`)).toBe(false);
  },
);

test("Quadlet files aren't copied: their folder is bound", async () => {
  const path = "systemd/deep/web.container";
  const kernel = new FakeKernel().lay({ "/etc/containers": null, [`${source}/${path}`]: "x" });
  expect((await run(kernel)).message).toBe("no files in etc/containers");
  expect(kernel.exists(`/etc/containers/${path}`)).toBe(false);
});

test("the same settings with what works here are taken", async () => {
  const text = '[containers]\nlog_driver = "k8s-file"\n[engine]\nevents_logger = "file"\n';
  const kernel = new FakeKernel().lay({
    "/etc/containers": null,
    [`${source}/containers.conf`]: text,
  });
  expect((await run(kernel)).result).toBe("ok");
  expect(kernel.readText("/etc/containers/containers.conf")).toBe(text);
});
