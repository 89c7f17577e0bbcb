import { expect, test } from "vitest";
import { FakeKernel } from "../kernel/fake-kernel.testing.ts";
import type { Supervisor } from "../services/supervisor.ts";
import { endingPath, loadedPath, stoppedPath } from "./places.ts";
import { serviceRunner } from "./program.ts";
import { extensionStages, hasOwnServices } from "./stage.ts";

const own = "/usr/lib/boot2podman/services";

test("services of the image start when asked for, and stop when the machine goes off", async () => {
  const kernel = new FakeKernel().lay({
    [`${own}/docker.toml`]: '{"command":["dockerd"]}',
    [loadedPath]: "[]",
  });
  const told: string[] = [];
  const supervisor: Supervisor = {
    start({ name }) {
      told.push(`start ${name}`);
      return 7;
    },
    pid: () => 7,
    async stop(name) {
      told.push(`stop ${name}`);
    },
  };
  const runner = serviceRunner(kernel, supervisor, JSON.parse);
  expect(await runner.follow(false)).toEqual({ started: [], problems: [] });
  expect(await runner.follow(true)).toEqual({ started: ["docker"], problems: [] });
  // What an extension lays over the image isn't the image's.
  kernel.lay({ [`${own}/more.toml`]: '{"command":["more"]}' });
  await runner.follow(true);
  expect(kernel.exists(stoppedPath)).toBe(false);
  kernel.writePlain(endingPath, "");
  await runner.follow(true);
  expect(told).toEqual(["start docker", "stop docker"]);
  expect(kernel.exists(stoppedPath)).toBe(true);
});

test("only an image with services has a stage for them, after bootsync.sh", () => {
  const kernel = new FakeKernel();
  const stagesOf = () => extensionStages(() => undefined, hasOwnServices(kernel));
  expect(stagesOf().map(({ name }) => name)).toEqual(["extensions"]);
  kernel.lay({ [`${own}/docker.toml`]: "" });
  const stages = stagesOf();
  expect(stages.map(({ name }) => name)).toEqual(["extensions", "image-services"]);
  expect(stages[1]?.needs).toEqual(expect.arrayContaining(["bootsync", "cgroups", "hostname"]));
});
