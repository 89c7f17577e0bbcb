import { rm } from "node:fs/promises";
import path from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { MirrorServer } from "../extensions/mirror-server.ts";
import { busyboxImage, importBusybox, importScript } from "./harness/container-image.ts";
import { type Identity, newDataDisk, newIdentity } from "./harness/data-disk.ts";
import { runOk } from "./harness/run.ts";
import { TestMachine } from "./harness/test-machine.ts";

const root = path.resolve(import.meta.dirname, "../..");
const folder = path.join(root, ".cache/flavours");
const ready = "until [ -e /run/boot2podman/ready.json ]; do usleep 300000; done";

/** Builds a flavour, or extensions of one, compressed less: what is in them is the same. */
async function build(program: string, flavour: string, out: string, ...names: string[]) {
  const bun = path.join(root, "node_modules/.bin/bun");
  const recipe = ["--fast", "--recipe", `image/${flavour}.toml`, "--out", path.join(folder, out)];
  await runOk([bun, `image/${program}.ts`, ...recipe, ...names], { cwd: root });
  return { folder: path.join(folder, out), arch: "amd64" as const };
}

/** The least of `npm run flavours`: each boots, runs a container, and keeps its data. */
describe("a flavour of the image", () => {
  let identity: Identity | undefined;
  let machine: TestMachine | undefined;
  let mirror: MirrorServer | undefined;

  afterEach(async () => {
    await machine?.remove();
    mirror?.close();
    if (identity !== undefined) {
      await rm(identity.folder, { recursive: true, force: true });
    }
  });

  async function restarted(one: TestMachine): Promise<void> {
    await one.powerDown();
    await one.powerOn();
    await one.waitForSsh();
    await one.root(ready);
  }

  test("core runs containers once an extension brings Podman, and has it after a restart", async () => {
    const image = await build("build", "core", "core");
    const { folder: brought } = await build("extension", "core", "core-extensions", "podman");
    mirror = await MirrorServer.open(brought);
    identity = await newIdentity();
    const disks = [await newDataDisk(identity)];
    machine = await TestMachine.start({ key: identity.key, disks, image });
    expect(await machine.guest("which podman || echo none")).toBe("none");
    await machine.root(`${ready}; mkdir -p /var/lib/boot2podman/tce
      echo ${mirror.url} >/var/lib/boot2podman/tce/tcemirror`);
    await machine.guest("tce-load -wi podman");
    await importBusybox(machine, "tc");
    const run = (words: string) => `podman run --rm -v kept:/v ${busyboxImage} ${words}`;
    await machine.guest(run("touch /v/file"));
    await restarted(machine);
    expect(await machine.guest(run("ls /v"))).toBe("file");
    expect(await machine.guest("boot2podman status")).not.toMatch(/^\S+ +(failed|late)/m);
    await machine.powerDown();
  });

  test("docker runs containers by Docker's daemon on boot2docker's disk, and keeps them", async () => {
    const image = await build("build", "docker", "docker");
    identity = await newIdentity();
    const disks = [await newDataDisk(identity, { magic: "boot2docker, please format-me" })];
    machine = await TestMachine.start({ key: identity.key, disks, image, memoryMiB: 1536 });
    const served = "until docker info >/dev/null 2>&1; do usleep 300000; done";
    await machine.guest(
      `${served}; ${importScript.replaceAll("podman import -q", "docker import")}`,
      {
        user: "docker",
      },
    );
    const run = (words: string) => `docker run --rm -v kept:/v ${busyboxImage} ${words}`;
    await machine.guest(run("touch /v/file"), { user: "docker" });
    await restarted(machine);
    expect(await machine.guest(`${served}; ${run("ls /v")}`, { user: "docker" })).toBe("file");
    expect(await machine.root("blkid /dev/vda1")).toContain('LABEL="boot2docker-data"');
    expect(await machine.guest("boot2podman status", { user: "docker" })).not.toMatch(
      /^\S+ +(failed|late)/m,
    );
    await machine.powerDown();
  });
});
