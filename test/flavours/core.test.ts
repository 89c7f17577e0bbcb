import { rm, stat } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { MirrorServer } from "../extensions/mirror-server.ts";
import { busyboxImage, importBusybox } from "../vm/harness/container-image.ts";
import { type Identity, newDataDisk, newIdentity } from "../vm/harness/data-disk.ts";
import { TestMachine } from "../vm/harness/test-machine.ts";

const root = path.resolve(import.meta.dirname, "../..");
const iso = path.join(root, "dist-core/boot2podman.iso");

describe("the image without Podman", () => {
  let identity: Identity;
  let machine: TestMachine;
  let mirror: MirrorServer;

  beforeAll(async () => {
    mirror = await MirrorServer.open(path.join(root, "dist-core-extensions"));
    identity = await newIdentity();
    const disk = await newDataDisk(identity);
    machine = await TestMachine.start({ key: identity.key, disks: [disk], boot: "iso", iso });
  });
  afterAll(async () => {
    mirror?.close();
    await machine?.remove();
    if (identity !== undefined) {
      await rm(identity.folder, { recursive: true, force: true });
    }
  });

  const ready = "until [ -e /run/boot2podman/ready.json ]; do usleep 300000; done";
  const record = async (stage: string) =>
    JSON.parse(await machine.root(`cat /run/boot2podman/${stage}.json`));

  test("boots, says that it has none, and all its stages pass", async () => {
    await machine.root(ready);
    const { size } = await stat(iso);
    const memory = await machine.guest(
      "awk '/MemAvailable/ { print int($2 / 1024) }' /proc/meminfo",
    );
    console.log(`core: ISO of ${(size / 1e6).toFixed(2)} MB, ${memory} MiB available of 1024`);
    expect(await machine.guest("which podman conmon crun nft || true")).toBe("/usr/sbin/nft");
    expect(await record("podman")).toMatchObject({
      result: "skipped",
      message: "there is no Podman",
    });
    expect(await record("automount")).toMatchObject({ result: "ok" });
    expect(await machine.guest("boot2podman status")).not.toMatch(/failed/);
  });

  test("runs containers once an extension brings Podman: root's, the user's, at the socket", async () => {
    await machine.root(`mkdir -p /var/lib/boot2podman/tce
      echo ${mirror.url} >/var/lib/boot2podman/tce/tcemirror
      echo kept >/var/lib/boot2podman/kept`);
    expect(await machine.guest("tce-load -wi podman")).toMatch(/^podman\.tcz: OK$/m);
    await importBusybox(machine, "root");
    await importBusybox(machine, "tc");
    const hello = `podman run --rm ${busyboxImage} echo hello`;
    expect(await machine.root(hello)).toBe("hello");
    expect(await machine.guest(hello)).toBe("hello");
    await machine.root("until [ -S /run/podman/podman.sock ]; do usleep 300000; done");
    const remote = "podman --remote --url unix:///run/podman/podman.sock";
    expect(await machine.root(`${remote} images --format '{{.Repository}}'`)).toBe(busyboxImage);
    // Podman calls itself as it was called.
    const podman = await machine.guest("podman --version");
    expect(podman).toMatch(/^podman version \d/);
    expect(await machine.guest("docker --version")).toBe(podman.replace("podman", "docker"));
  });

  test("keeps its data over a restart, and has Podman from the start then", async () => {
    await machine.powerDown();
    await machine.powerOn();
    await machine.waitForSsh();
    await machine.root(ready);
    expect(await machine.root("cat /var/lib/boot2podman/kept")).toBe("kept");
    expect(await record("extensions")).toMatchObject({ result: "ok", message: "podman" });
    expect(await record("podman")).toMatchObject({ result: "ok" });
    // A network of its own, with a published port: modules and rules that the extension brought.
    await machine.root(
      `podman run -d --name web -p 8080:80 ${busyboxImage} httpd -f -h /www
      until wget -qO- http://127.0.0.1:8080/ | grep made; do usleep 300000; done`,
    );
  });

  test("runs Docker's daemon by its extension as well", async () => {
    await machine.root("podman rm -f -t 0 web");
    await machine.root(`boot2podman extension add docker
      until [ -S /run/dockerd.sock ]; do usleep 300000; done
      podman save ${busyboxImage} | /usr/local/bin/docker load`);
    const hello = `/usr/local/bin/docker run --rm ${busyboxImage} echo hello`;
    expect(await machine.root(hello)).toBe("hello");
    await machine.powerDown();
  });
});
