import { mkdir, rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Identity, newDataDisk, newIdentity } from "../vm/harness/data-disk.ts";
import { freePort } from "../vm/harness/ports.ts";
import { run, runOk } from "../vm/harness/run.ts";
import { TestMachine } from "../vm/harness/test-machine.ts";
import { debiansDocker } from "./docker-client.ts";
import { type Certificates, makeCertificates, provision } from "./docker-machine.ts";

const root = path.resolve(import.meta.dirname, "../..");
const iso = path.join(root, "dist-docker/boot2podman.iso");
const image = "localhost/busybox";

describe("the image with Docker in Podman's place", () => {
  let identity: Identity;
  let machine: TestMachine;
  let port: number;
  let certificates: Certificates;
  let client: string;

  const ssh = (command: string) => machine.guest(command, { user: "docker" });
  /** Docker's client on this host, over TLS. */
  const docker = (words: string[], by = certificates) => {
    const files = [`--tlscacert=${by.ca}`, `--tlscert=${by.client}`, `--tlskey=${by.clientKey}`];
    const host = ["-H", `tcp://127.0.0.1:${port}`, "--tlsverify", ...files];
    const env = { PATH: process.env.PATH, HOME: identity.folder };
    return runOk([client, ...host, ...words], { env });
  };
  const untilServed = async () => {
    await ssh(
      "until [ -S /var/run/docker.sock ] && docker info >/dev/null 2>&1; do usleep 300000; done",
    );
  };

  beforeAll(async () => {
    port = await freePort();
    identity = await newIdentity();
    certificates = await makeCertificates(identity.folder);
    client = await debiansDocker(path.join(identity.folder, "client"));
    const disk = await newDataDisk(identity, { magic: "boot2docker, please format-me" });
    machine = await TestMachine.start({
      key: identity.key,
      disks: [disk],
      boot: "iso",
      iso,
      memoryMiB: 1536,
      forwards: [[port, 2376]],
    });
  });
  afterAll(async () => {
    await machine?.remove();
    if (identity !== undefined) {
      await rm(identity.folder, { recursive: true, force: true });
    }
  });

  test("is boot2docker to its disk, its user and its commands", async () => {
    const { size } = await stat(iso);
    console.log(`docker: ISO of ${(size / 1e6).toFixed(2)} MB`);
    expect(await ssh("cat /etc/os-release")).toMatch(/^ID=boot2docker$/m);
    expect(await machine.root("blkid -o value -s LABEL /dev/vda1")).toBe("boot2docker-data");
    expect(await ssh("id -un; pwd; which podman || echo none")).toBe("docker\n/home/docker\nnone");
    await untilServed();
    const memory = await ssh("awk '/MemAvailable/ { print int($2 / 1024) }' /proc/meminfo");
    console.log(`docker: ${memory} MiB available of 1536 with its daemon`);
    expect(await ssh("docker info --format '{{.DockerRootDir}} {{.Driver}}'")).toBe(
      "/var/lib/docker overlay2",
    );
    expect(await ssh("boot2podman status")).not.toMatch(/failed/);
    expect(await ssh("sudo /etc/init.d/docker status")).toBe("Docker daemon is running");
  });

  test("has certificates of its own before anybody sends some, and lets nobody in without", async () => {
    const own = path.join(identity.folder, "own");
    await mkdir(own);
    for (const name of ["ca", "cert", "key"]) {
      const text = await ssh(`sudo cat /var/lib/boot2docker/tls/${name}.pem`);
      await writeFile(path.join(own, `${name}.pem`), `${text}\n`, { mode: 0o600 });
    }
    const [ca = "", cert = "", key = ""] = ["ca", "cert", "key"].map((name) =>
      path.join(own, `${name}.pem`),
    );
    const theirs = { ...certificates, ca, client: cert, clientKey: key };
    expect(await docker(["version", "--format", "{{.Server.Os}}"], theirs)).toMatch(/^linux/);
    const others = await run([
      ...[client, "-H", `tcp://127.0.0.1:${port}`, "--tlsverify", `--tlscacert=${ca}`],
      ...[`--tlscert=${certificates.client}`, `--tlskey=${certificates.clientKey}`, "info"],
    ]);
    expect(others.stdout + others.stderr).toMatch(/tls|certificate/i);
  });

  test("takes docker-machine's provisioning, command by command, and serves its client", async () => {
    const { osRelease } = await provision(ssh, "captain", certificates);
    expect(osRelease.split("\n").every((line) => line.split("=").length === 2)).toBe(true);
    await untilServed();
    expect(await docker(["info", "--format", "{{.Name}} {{.Labels}}"])).toBe(
      "captain [provider=qemu]\n",
    );
    await ssh(`set -e; folder=$(mktemp -d); cd $folder; mkdir bin www
      cp /usr/bin/busybox bin/busybox; for name in sh echo httpd cat; do ln -s busybox bin/$name; done
      echo made in the guest >www/index.html; tar -c . | docker import -c 'ENV PATH=/bin' - ${image}`);
    expect(await docker(["run", "--rm", image, "echo", "hello"])).toBe("hello\n");
    await docker(["volume", "create", "kept"]);
    await docker(["run", "--rm", "-v", "kept:/v", image, "sh", "-c", "echo data >/v/x"]);
    await docker([
      "run",
      "-d",
      "--name=web",
      "--restart=always",
      "-p=80:80",
      image,
      "httpd",
      "-f",
      "-h",
      "/www",
    ]);
    expect(await ssh("until wget -qO- http://127.0.0.1/; do usleep 300000; done")).toBe(
      "made in the guest",
    );
  });

  test("keeps all of it over a restart: name, certificates, images, volumes, containers", async () => {
    await machine.powerDown();
    await machine.powerOn();
    await machine.waitForSsh();
    await untilServed();
    expect(await ssh("hostname")).toBe("captain");
    expect(await docker(["info", "--format", "{{.Name}} {{.Labels}}"])).toBe(
      "captain [provider=qemu]\n",
    );
    expect(await docker(["run", "--rm", "-v", "kept:/v", image, "cat", "/v/x"])).toBe("data\n");
    expect(await ssh("until wget -qO- http://127.0.0.1/; do usleep 300000; done")).toBe(
      "made in the guest",
    );
    expect(await machine.root("dmesg")).not.toMatch(/recovery (required|complete)/);
  });

  test("its daemon is stopped and started, and comes back when it is killed", async () => {
    await ssh("sudo /etc/init.d/docker stop; sudo /etc/init.d/docker status || true");
    expect(await ssh("docker info 2>&1 >/dev/null || true")).toMatch(/Cannot connect|connect/i);
    await ssh("sudo /etc/init.d/docker start");
    await untilServed();
    const before = await ssh("sudo cat /run/docker.pid");
    await ssh(`sudo kill -9 ${before}
      until [ "$(sudo cat /run/docker.pid)" != ${before} ]; do usleep 300000; done`);
    await untilServed();
    await machine.powerDown();
  });
});
