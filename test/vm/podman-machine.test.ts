import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makeMachineDownload } from "../../image/publish/machine-download.ts";
import { findByPidFile } from "../../machine/driver/qemu/process.ts";
import { freePort } from "./harness/ports.ts";
import { run, runOk } from "./harness/run.ts";
import { confinementOf } from "./harness/seccomp.ts";
import { type Client, program } from "./podman-machine/client.ts";
import { dockerOnHost, dockerWorks } from "./podman-machine/docker.ts";
import { filesAreCopied } from "./podman-machine/file-copies.ts";
import { foldersAreSynced } from "./podman-machine/folder-sync.ts";
import { isReachedAsAnyMachine } from "./podman-machine/generic.ts";
import { personIn } from "./podman-machine/person.ts";
import { podmanWorks } from "./podman-machine/podman.ts";
import { sharesAreServed } from "./podman-machine/shares.ts";

const repository = path.resolve(import.meta.dirname, "../..");
const bun = path.join(repository, "node_modules/.bin/bun");

let store: string;
let env: NodeJS.ProcessEnv;
let lifePort: number;

beforeAll(async () => {
  store = await mkdtemp(path.join(tmpdir(), "b2p-store-"));
  // What is told to podman and ssh of this host goes into the test's own folder.
  env = await personIn(store);
});
afterAll(async () => {
  for (const name of ["life", "box"]) {
    await run([program, "rm", "-f", "-y", name], { env });
  }
  await rm(store, { recursive: true, force: true });
});

/** Runs podman-machine on the test's own store. */
function machine(...words: string[]) {
  return run([program, ...words], { env });
}

test("rm removes what a killed create left, with the QEMU that was on its way up", async () => {
  const folder = path.join(store, "machines/life");
  // The wrapper's process becomes podman-machine itself.
  const create = spawn(program, ["create", "life"], { env, stdio: "ignore" });
  const ended = once(create, "exit");
  await expect
    .poll(() => existsSync(path.join(folder, "console.log")), { interval: 2, timeout: 120_000 })
    .toBe(true);
  create.kill("SIGKILL");
  await ended;
  expect((await machine("ls", "-f", "{{.Name}} {{.State}}")).stdout).toMatch(
    /^life (Starting|Running|Stopped)\n$/,
  );
  expect((await machine("rm", "-f", "-y", "life")).exitCode).toBe(0);
  expect(await readdir(path.join(store, "machines"))).toEqual([]);
  expect(await findByPidFile(path.join(folder, "qemu.pid"))).toBeUndefined();
});

describe("a machine with shares and ports", () => {
  const client = { machine: "life" } as Client;
  let shared: string;

  beforeAll(async () => {
    shared = path.join(store, "my folder");
    Object.assign(client, { env, folder: store, published: await freePort() });
    await mkdir(shared);
    await writeFile(path.join(shared, "from host"), "written on the host\n");
    // The whole image, packed quickly rather than small.
    const archive = await makeMachineDownload(
      path.join(repository, "dist"),
      path.join(store, "download"),
      "preset=0",
    );
    const created = await machine(
      ...["create", "--image", archive, "--disk-size", "4000", "--label", "env=test"],
      ...["--volume", `${shared}:/mnt/my folder`, "--volume", `${shared}:/mnt/only:ro`],
      ...["--publish", `${client.published}:8080`, "life"],
    );
    expect(created.stderr + created.stdout).toMatch(/"life" is ready/);
    expect(created.exitCode).toBe(0);
    expect(created.stdout).toMatch(/Unpacking .*boot2podman-machine-/);
    await rm(path.join(store, "download"), { recursive: true });
  });

  test("is listed, gives what a command in it ends with, and is neither made nor started twice", async () => {
    expect((await machine("status", "life")).stdout).toBe("Running\n");
    expect((await machine("ls", "-q")).stdout).toBe("life\n");
    const passedOn = await machine("ssh", "life", "echo shown; exit 7");
    expect(passedOn).toMatchObject({ exitCode: 7, stdout: "shown\n" });
    const podman = await machine("ssh", "life", "podman", "version", "--format", "'{{.Version}}'");
    expect(podman.stdout).toMatch(/^5\./);
    expect((await machine("version", "life")).stdout).toBe(podman.stdout);
    const again = await machine("create", "life");
    expect(again).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/"life" already exists/),
    });
    expect((await machine("start", "life")).exitCode).toBe(0);
  });

  test("is run by a QEMU that denies itself all that can be denied", async () => {
    const pidFile = path.join(store, "machines/life/qemu.pid");
    const pid = Number(await readFile(pidFile, "utf8"));
    const words = (await readFile(`/proc/${pid}/cmdline`, "utf8")).split("\0");
    expect(words[words.indexOf("-sandbox") + 1]).toBe(
      "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny",
    );
    expect(new Set(await confinementOf(pid))).toEqual(new Set(["Seccomp 2 NoNewPrivs 1"]));
  });

  test("has the host's folders, with their owner, in both directions", () =>
    sharesAreServed(client, shared));
  test("copies files by scp, sftp and ssh, none of which asks or warns", () =>
    filesAreCopied(client));
  test("takes folders by rsync and gives them back", () => foldersAreSynced(client));
  test("serves podman of this host as root", () => podmanWorks(client, "life"));
  test("serves podman of this host as the user", () => podmanWorks(client, "life-user"));
  test("serves docker of this host", async ({ skip }) => {
    const docker = dockerOnHost();
    if (docker === undefined) {
      return skip("there is no docker client here (Debian 13: docker-cli)");
    }
    await dockerWorks(client, docker);
  });
  test("can be driven as any machine, by address and key", () => isReachedAsAnyMachine(client));

  test("is stopped, and started again with its data and its shares", async () => {
    const asRoot = ["ssh", "-l", "root", "life"];
    expect((await machine(...asRoot, "podman volume create stays")).exitCode).toBe(0);
    expect((await machine("stop", "life")).exitCode).toBe(0);
    expect((await machine("status", "life")).stdout).toBe("Stopped\n");
    const stopped = await machine("ssh", "life", "true");
    expect(stopped).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(/not running/) });
    expect((await machine("start", "life")).exitCode).toBe(0);
    const kept = await machine(...asRoot, "podman volume ls -q; cat '/mnt/my folder/from host'");
    expect(kept.stdout).toMatch(/^stays\nwritten on the host\n$/m);
  });
});

test("a forwarded port is reached on 127.0.0.1 and on no other address", async () => {
  const port = Number(/--port=(\d+)/.exec((await machine("config", "life")).stdout)?.[1]);
  const reached = (host: string) =>
    new Promise((resolve) => {
      const socket = createConnection(port, host);
      socket.once("connect", () => resolve(true));
      socket.once("error", () => resolve(false));
      socket.unref();
    });
  lifePort = port;
  expect(await reached("127.0.0.1")).toBe(true);
  // All of 127.0.0.0/8 is this host: whoever listens on every address answers here too.
  expect(await reached("127.0.0.2")).toBe(false);
});

test("npm start's program without a terminal shows podman and how to connect, twice the same machine", async () => {
  const quickStart = () => runOk([bun, path.join(repository, "machine/quick-start.ts")], { env });
  const first = await quickStart();
  expect(first).toMatch(/podman 5\.|version +5\./i);
  expect(first).toMatch(/--url ssh:\/\//);
  const made = await stat(path.join(store, "machines/box/disk.qcow2"));
  expect((await machine("ls", "--format", "{{.Name}} {{.State}}")).stdout).toBe(
    "box Running\nlife Running\n",
  );
  const second = await quickStart();
  expect(second).toMatch(/"box" is already running/);
  expect((await stat(path.join(store, "machines/box/disk.qcow2"))).birthtimeMs).toBe(
    made.birthtimeMs,
  );
  expect((await machine("stop")).exitCode).toBe(0);
  expect((await machine("rm", "-f", "life")).exitCode).toBe(0);
  expect(await readdir(path.join(store, "machines"))).toEqual(["box"]);
  const known = await readFile(path.join(store, "home/.ssh/known_hosts"), "utf8");
  expect(known).not.toContain(`]:${lifePort} `);
  const connections = await runOk(["podman", "system", "connection", "list"], { env });
  expect(connections).toContain("box-user");
  expect(connections).not.toContain("life");
});
