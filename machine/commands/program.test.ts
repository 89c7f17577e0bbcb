import { afterAll, beforeAll, expect, test } from "vitest";
import { createMachine } from "../life/create.ts";
import { makeTestHost, type TestHost } from "../life/host.testing.ts";
import { runCommandLine } from "./program.ts";
import { makeTestCaller } from "./terminal.testing.ts";

let host: TestHost;
let port: number;

beforeAll(async () => {
  host = await makeTestHost();
  const { config } = await createMachine(host, "box", host.wanted());
  port = config.Driver.SSHPort;
});
afterAll(() => host.dispose());

async function run(line: string, answers: readonly string[] = []) {
  const caller = makeTestCaller(host.store, answers);
  const status = await runCommandLine(line.split(" "), caller);
  return { status, printed: caller.printed, errors: caller.errors };
}

const notThere =
  'Podman machine "x" does not exist. Use "podman-machine ls" to list machines. Use "podman-machine create" to add a new one.';

test.each([
  ["frob", "unknown command 'frob'"],
  ["start --frob", "unknown option '--frob'"],
  ["rm", "missing required argument"],
  ["create --memory 1G x", "Expected a whole number"],
  ["create --memory 255 x", "Expected a whole number, 256 to"],
  ["create --disk-size 1 x", "Expected a whole number, 256 to"],
  ["create --cpus 0 x", "Expected a whole number, 1 to 255"],
  ["create --ssh-port 65536 x", "Expected a whole number, 1 to 65535"],
  ["create --accelerator hvf x", "Allowed choices are auto, kvm, tcg"],
  ["create --driver hyperv x", 'Unknown driver "hyperv": the drivers are qemu, '],
  ["create --driver generic x", "The driver generic needs --generic-ip-address"],
  ["create --driver none x", "The driver none needs --url"],
  [
    "create --driver virtualbox --memory 512 --append quiet --volume /a:/b x",
    "The driver virtualbox doesn't support --volume and --append: leave that out.",
  ],
  [
    "create --driver none --url tcp://h:1 --cpus 2 x",
    "The driver none doesn't support --cpus: leave that out.",
  ],
  [
    "create --virtualbox-memory 512 --generic-ssh-user me x",
    "The driver qemu doesn't support --generic-ssh-user and --virtualbox-memory: leave that out.",
  ],
  ["create --volume /a:/b:rx x", '"/a:/b:rx" is not a volume'],
  ["create --volume /a:b x", '"/a:b" is not a volume'],
  ["create --volume /:/b --iso x", "--volume needs the kernel command line"],
  ["create --append quiet --iso x", "--append needs the kernel command line"],
  ["create --volume /:/b --boot2podman-url /i x", "leave out --boot2podman-url"],
  ["create --publish 80:0 x", '"80:0" is not a port to publish'],
  ["create --qemu-network tap x", "--qemu-network tap needs --qemu-network-address"],
  ["create --label a x", '"a" is not a label: expected KEY=VALUE'],
  ["create --qemu-cache-mode x y", "Allowed choices are default, writeback"],
  ["ls -q --json", "--quiet, --json and --format exclude one another"],
  ["ls -f {{.Frob}}", "names .Frob"],
  ["inspect -f {{.Driver.Frob}}", "names .Frob"],
  ["create --localports 5 x", 'Invalid port range "5"'],
  ["create x_y", "Invalid hostname specified. Allowed hostname chars are: 0-9a-zA-Z . -"],
  ["start ../x", "Invalid hostname specified"],
  ["ls --filter a=b", 'Unsupported filter "a=b"'],
  ["stop --timeout soon", "Expected a whole number"],
])("%s is wrong usage: one line and status 2", async (line, message) => {
  const { status, printed, errors } = await run(line);
  expect(status).toBe(2);
  expect(printed).toEqual([]);
  expect(errors).toHaveLength(1);
  expect(errors[0]).toContain(message);
});

test.each([
  ["start x", notThere],
  ["stop x", notThere],
  ["restart x", notThere],
  ["kill x", notThere],
  ["rm -f x", notThere],
  ["status x", notThere],
  ["ssh x", notThere],
  ["env x", notThere],
  ["version x", notThere],
  ["env -u box", "Error: Expected no machine name when the -u flag is present"],
  ["env -u x", "Error: Expected no machine name when the -u flag is present"],
  ["ip x", notThere],
  ["inspect x", notThere],
  ["create box", 'Podman machine "box" already exists'],
  ["create --image /nonexistent x", "There is no complete image in /nonexistent: no manifest.json"],
])("%s fails: one line and status 1", async (line, message) => {
  const { status, errors } = await run(line);
  expect(status).toBe(1);
  expect(errors).toHaveLength(1);
  expect(errors[0]).toContain(message);
});

test.each([
  "create",
  "start",
  "stop",
  "restart",
  "kill",
  "rm",
  "ls",
  "status",
  "ssh",
  "env",
  "ip",
  "url",
  "config",
  "inspect",
  "active",
  "version",
])("%s has a help, and it is no failure", async (command) => {
  const { status, printed } = await run(`${command} --help`);
  expect(status).toBe(0);
  expect(printed.join("\n")).toMatch(new RegExp(`^Usage: podman-machine ${command}`));
});

test("ls shows the machine that runs and is active", async () => {
  expect((await run("ls")).printed).toEqual([
    "NAME   ACTIVE   DRIVER   STATE     URL               ERRORS",
    "box    *        qemu     Running   tcp://127.0.0.1",
  ]);
});

test.each([
  ["status", ["Running"]],
  ["status box", ["Running"]],
  ["active", ["box"]],
  ["ip", ["127.0.0.1"]],
  ["url", ["tcp://127.0.0.1"]],
  ["ls -q", ["box"]],
])("%s prints %j", async (line, lines) => {
  expect(await run(line)).toEqual({ status: 0, printed: lines, errors: [] });
});

test("config prints a flag a line", async () => {
  expect((await run("config")).printed).toEqual([
    "--username=root",
    "--host=localhost",
    `--port=${port}`,
    `--identity-file=${host.store}/machines/box/id_ed25519`,
  ]);
});

test("env prints what a shell evaluates, and how", async () => {
  const key = `${host.store}/machines/box/id_ed25519`;
  expect((await run("env box")).printed).toEqual([
    'export PODMAN_USER="root"',
    'export PODMAN_HOST="localhost"',
    `export PODMAN_PORT="${port}"`,
    `export PODMAN_IDENTITY_FILE="${key}"`,
    'export PODMAN_IGNORE_HOSTS="true"',
    'export PODMAN_MACHINE_NAME="box"',
    `export CONTAINER_HOST="ssh://root@127.0.0.1:${port}/run/podman/podman.sock"`,
    `export CONTAINER_SSHKEY="${key}"`,
    `export DOCKER_HOST="ssh://root@127.0.0.1:${port}"`,
    "# Run this command to configure your shell: ",
    "# eval $(podman-machine env box)",
  ]);
});

test("env --unset undoes each of them", async () => {
  const { printed } = await run("env --unset");
  expect(printed[0]).toBe("unset PODMAN_USER");
  expect(printed.at(-1)).toBe("# eval $(podman-machine env -u)");
});

test("inspect prints the configuration in the order that is known", async () => {
  const text = (await run("inspect")).printed.join("\n");
  expect(Object.keys(JSON.parse(text))).toEqual([
    "ConfigVersion",
    "Driver",
    "DriverName",
    "HostOptions",
    "Name",
  ]);
  expect(text).toMatch(/^\{\n {4}"ConfigVersion": 3,/);
});

test("a machine goes through stop, ssh, start, and rm after a question", async () => {
  expect((await run("stop")).printed).toEqual(['Stopping "box"...', 'Machine "box" was stopped.']);
  expect((await run("stop")).printed).toEqual(['Machine "box" is already stopped.']);
  expect((await run("kill")).printed).toEqual(['Machine "box" is already stopped.']);
  expect((await run("status")).printed).toEqual(["Stopped"]);
  expect(await run("ssh box id")).toEqual({
    status: 1,
    printed: [],
    errors: ['Error: Cannot run SSH command: Host "box" is not running'],
  });
  expect(await run("active")).toMatchObject({ status: 1, errors: ["No active host found"] });
  expect((await run("start")).printed.at(-1)).toMatch(/^Machine "box" is ready, after /);
  expect((await run("start")).printed).toEqual(['Machine "box" is already running.']);
  expect((await run("restart")).printed.at(-1)).toMatch(/^Machine "box" is ready, after /);

  expect((await run("rm box", ["n"])).status).toBe(1);
  expect((await run("rm -y box")).errors[0]).toContain('"box" is not stopped (Running)');
  await run("stop");
  expect(await run("rm box", ["y"])).toEqual({
    status: 0,
    printed: [
      "About to remove box",
      "WARNING: This action will delete both local reference and remote instance.",
      "Are you sure? (y/n): ",
      "Successfully removed box",
    ],
    errors: [],
  });
  expect((await run("ls -q")).printed).toEqual([]);
});
