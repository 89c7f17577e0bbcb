import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createMachine } from "../life/create.ts";
import { makeTestHost, type TestHost } from "../life/host.testing.ts";
import { runCommandLine } from "./program.ts";
import { makeTestCaller } from "./terminal.testing.ts";

// What scripts written for docker-machine and the podman-machine before this one depend on.
let host: TestHost;
let port: number;
let key: string;

beforeAll(async () => {
  host = await makeTestHost();
  const { config } = await createMachine(host, "box", { ...host.wanted(), labels: ["env=dev"] });
  port = config.Driver.SSHPort;
  key = `${host.store}/machines/box/id_ed25519`;
});
afterAll(() => host.dispose());

async function run(...words: string[]) {
  const caller = makeTestCaller(host.store);
  const status = await runCommandLine(words, caller);
  return { status, printed: caller.printed, errors: caller.errors };
}

describe("env in the words of", () => {
  test.each([
    ["fish", 'set -gx PODMAN_MACHINE_NAME "box";', "# eval (podman-machine env --shell fish box)"],
    [
      "powershell",
      '$Env:PODMAN_MACHINE_NAME = "box"',
      "# & podman-machine env --shell powershell box | Invoke-Expression",
    ],
    [
      "cmd",
      "SET PODMAN_MACHINE_NAME=box",
      "REM @FOR /f \"tokens=*\" %i IN ('podman-machine env --shell cmd box') DO @%i",
    ],
    ["tcsh", 'setenv PODMAN_MACHINE_NAME "box";', "# eval `podman-machine env --shell tcsh box`"],
    [
      "emacs",
      '(setenv "PODMAN_MACHINE_NAME" "box")',
      ';; (with-temp-buffer (shell-command "podman-machine env --shell emacs box" (current-buffer)) (eval-buffer))',
    ],
  ])("%s", async (shell, line, hint) => {
    const { printed } = await run("env", "--shell", shell, "box");
    expect(printed).toHaveLength(11);
    expect(printed[5]).toBe(line);
    expect(printed.at(-1)).toBe(hint);
  });
});

test("env --no-proxy adds the address, once", async () => {
  const { printed } = await run("env", "--no-proxy");
  expect(printed).toContain('export no_proxy="127.0.0.1"');
  expect(printed.at(-1)).toBe("# eval $(podman-machine env --no-proxy box)");
});

test("env --varlink is a bridge over ssh", async () => {
  const { printed } = await run("env", "--varlink");
  expect(printed[0]).toMatch(
    /^export PODMAN_VARLINK_BRIDGE="ssh -T -F \/dev\/null .* root@127\.0\.0\.1 .* varlink bridge"$/,
  );
});

test("env --json has what env sets", async () => {
  const { printed } = await run("env", "--json");
  expect(JSON.parse(printed.join(""))).toEqual({
    PODMAN_USER: "root",
    PODMAN_HOST: "localhost",
    PODMAN_PORT: String(port),
    PODMAN_IDENTITY_FILE: key,
    PODMAN_IGNORE_HOSTS: "true",
    PODMAN_MACHINE_NAME: "box",
    CONTAINER_HOST: `ssh://root@127.0.0.1:${port}/run/podman/podman.sock`,
    CONTAINER_SSHKEY: key,
    DOCKER_HOST: `ssh://root@127.0.0.1:${port}`,
  });
});

test.each([
  [["ls", "--filter", "label=env=dev", "-q"], ["box"]],
  [["ls", "--filter", "label=env=prod", "-q"], []],
  [["ls", "-f", "{{.Name}}:{{.DriverName}}"], ["box:qemu"]],
  [
    ["ls", "-f", "table {{.Name}}\\t{{.State}}"],
    ["NAME   STATE", "box    Running"],
  ],
  [["inspect", "-f", "{{.Driver.MachineName}}"], ["box"]],
  [["inspect", "--format", "{{json .HostOptions.EngineOptions.Labels}}"], ['["env=dev"]']],
  [
    ["status", "--json"],
    [
      '[\n    {\n        "name": "box",\n        "state": "Running",\n        "error": ""\n    }\n]',
    ],
  ],
])("%j prints %j", async (words, printed) => {
  expect(await run(...words)).toEqual({ status: 0, printed, errors: [] });
});

test("every flag that scripts give create is understood", async () => {
  const { status, errors } = await run(
    ...[
      "--tls-ca-cert",
      "a",
      "--tls-ca-key",
      "b",
      "--tls-client-cert",
      "c",
      "--tls-client-key",
      "d",
    ],
    ...["--github-api-token", "t", "--native-ssh"],
    ...["create", "--driver", "qemu", "--qemu-memory", "512", "--qemu-disk-size", "18000"],
    ...["--qemu-cpu-count", "1", "--qemu-program", "/nonexistent/qemu", "--qemu-display"],
    ...["--qemu-display-type", "sdl", "--qemu-nographic", "--qemu-virtio-drives", "--qemu-hvf"],
    ...[
      "--qemu-network",
      "user",
      "--qemu-network-interface",
      "tap0",
      "--qemu-network-bridge",
      "br0",
    ],
    ...["--qemu-cache-mode", "none", "--qemu-io-mode", "native", "--qemu-ssh-user", "tc"],
    ...[
      "--qemu-localports",
      "30000-40000",
      "--engine-label",
      "a=b",
      "--image",
      "/nonexistent",
      "x",
    ],
  );
  expect(errors).toEqual([expect.stringContaining("There is no complete image in /nonexistent")]);
  expect(status).toBe(1);
});

test("an ISO that isn't there is told, and nothing stays", async () => {
  const { status, errors } = await run("create", "--qemu-boot2podman-url", "/nonexistent.iso", "x");
  expect(status).toBe(1);
  expect(errors).toEqual([expect.stringContaining("The ISO /nonexistent.iso can't be fetched")]);
  expect(await host.folders()).toEqual(["box"]);
});

test("what needs a machine that runs says so in one line", async () => {
  await run("stop", "box");
  for (const words of [
    ["scp", "box:/f", "/tmp"],
    ["provision"],
    ["boot-chart"],
    ["url"],
    ["ip"],
    ["env"],
    ["version", "box"],
  ]) {
    const { status, errors } = await run(...words);
    expect(status).toBe(1);
    expect(errors).toEqual([expect.stringContaining("Host is not running: start it with")]);
  }
  const set = await run("set", "--memory", "300", "--label", "x=y");
  expect(set).toMatchObject({ status: 0, errors: [] });
  expect(
    (await run("inspect", "-f", "{{.Driver.Memory}} {{.HostOptions.EngineOptions.Labels}}"))
      .printed,
  ).toEqual(["300 [x=y]"]);
  expect((await run("set")).status).toBe(2);
  expect((await run("upgrade", "--rollback")).errors).toEqual(['"box" has no previous image.']);
  expect((await run("upgrade")).printed.join()).toContain(
    'Machine "box" has this image already (1, ',
  );
});

test("rm says what is known, and -y asks nothing", async () => {
  expect((await run("rm", "-y", "box")).printed).toEqual([
    "About to remove box",
    "WARNING: This action will delete both local reference and remote instance.",
    "Successfully removed box",
  ]);
});
