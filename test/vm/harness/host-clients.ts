import { existsSync } from "node:fs";
import { chmod, mkdir, readFile, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { stripVTControlCharacters } from "node:util";
import { spawn } from "node-pty";
import { expect } from "vitest";
import { run, runOk } from "./run.ts";

/** A machine of podman-machine, and the environment of whoever uses it from this host. */
export interface Client {
  env: NodeJS.ProcessEnv;
  machine: string;
  /** A folder of the test's own. */
  folder: string;
  /** A port of this host that leads to 8080 of the machine. */
  published: number;
}

/**
 * Each command of a client takes seconds under emulation, so that `npm test` has the ones that break each
 * by a cause of its own; B2P_CLIENTS=all runs every one as root and as the user.
 */
const isWhole = process.env.B2P_CLIENTS === "all";
const manyFiles = isWhole ? 10_000 : 500;

const repository = path.resolve(import.meta.dirname, "../../..");
const program = path.join(repository, "machine/podman-machine");
const image = "localhost/tools";

/**
 * The environment of a person whose home is in `store`: podman's connections, known_hosts and ssh's config
 * are that person's. ssh takes the home from the accounts rather than from HOME, so it is told by a wrapper.
 */
export async function personIn(store: string): Promise<NodeJS.ProcessEnv> {
  const home = path.join(store, "home");
  const bin = path.join(store, "bin");
  const ssh = path.join(home, ".ssh");
  await mkdir(ssh, { recursive: true, mode: 0o700 });
  await mkdir(bin);
  await writeFile(path.join(ssh, "config"), `Host *\n  UserKnownHostsFile ${ssh}/known_hosts\n`);
  await writeFile(path.join(store, "containers.conf"), "");
  for (const name of ["ssh", "sftp"]) {
    const wrapper = path.join(bin, `person-${name}`);
    await writeFile(wrapper, `#!/bin/sh\nexec /usr/bin/${name} -F ${ssh}/config "$@"\n`);
    await chmod(wrapper, 0o755);
  }
  return {
    ...process.env,
    MACHINE_STORAGE_PATH: store,
    HOME: home,
    CONTAINERS_CONF: path.join(store, "containers.conf"),
    PERSON_BIN: bin,
  };
}

function machine(client: Client, ...words: string[]) {
  return run([program, ...words], { env: client.env, timeoutMs: 600_000 });
}

async function inGuest(client: Client, script: string): Promise<string> {
  const result = await machine(client, "ssh", client.machine, script);
  if (result.exitCode !== 0) throw new Error(`${script}\n${result.stdout}\n${result.stderr}`);
  return result.stdout;
}

/** Shares: both directions, owners, reading alone, many files, and from within a container later. */
export async function sharesAreServed(client: Client, shared: string): Promise<void> {
  const script = [
    "set -e",
    'cat "/mnt/my folder/from host"',
    'echo written in the guest > "/mnt/my folder/from guest"',
    'stat -c %U "/mnt/my folder/from guest"',
    "! touch /mnt/only/x 2>/dev/null",
    "sudo mount -o remount,rw /mnt/only && ! sudo touch /mnt/only/x 2>/dev/null",
    'mkdir "/mnt/my folder/many" && cd "/mnt/my folder/many"',
    // All made by one process: processes are what is slow here.
    `seq 1 ${manyFiles} | awk '{ print $1 > $1; close($1) }'`,
    "ls | wc -l",
  ];
  const said = await inGuest(client, script.join("\n"));
  expect(said).toBe(`written on the host\ntc\n${manyFiles}\n`);
  const fromGuest = path.join(shared, "from guest");
  expect(await readFile(fromGuest, "utf8")).toBe("written in the guest\n");
  expect((await stat(fromGuest)).uid).toBe(process.getuid?.());
  expect(await readFile(path.join(shared, `many/${manyFiles}`), "utf8")).toBe(`${manyFiles}\n`);
  expect(existsSync(path.join(shared, "x"))).toBe(false);
}

/** ssh, scp, sftp, and podman-machine's own scp, none of which asks or warns. */
export async function filesAreCopied(client: Client): Promise<void> {
  const { env, folder, machine: name } = client;
  await runOk([program, "scp", "-q", `${name}:/usr/bin/busybox`, folder], { env });
  await runOk([program, "scp", "-q", "-r", path.join(folder, "bin"), `${name}:/tmp/bin`], { env });
  expect(await inGuest(client, "ls /tmp/bin")).toBe("person-sftp\nperson-ssh\n");
  await runOk([program, "ssh-config", "--install"], { env });
  const bin = env.PERSON_BIN ?? "";
  const strict = ["-o", "StrictHostKeyChecking=yes", "-o", "BatchMode=yes"];
  const byName = await run(
    [path.join(bin, "person-ssh"), ...strict, `root@${name}.podman-machine`, "id -u"],
    { env },
  );
  expect(byName).toEqual({ exitCode: 0, stdout: "0\n", stderr: "" });
  const port = (
    await runOk([program, "inspect", "-f", "{{.Driver.SSHPort}}", name], { env })
  ).trim();
  const byPort = await run(
    [path.join(bin, "person-ssh"), ...strict, "-p", port, "root@127.0.0.1", "id -u"],
    { env },
  );
  expect(byPort).toEqual({ exitCode: 0, stdout: "0\n", stderr: "" });
  const sftp = await run(
    [path.join(bin, "person-sftp"), ...strict, "-b", "-", `${name}.podman-machine`],
    {
      env,
      input: `put ${path.join(folder, "containers.conf")} /tmp/by-sftp\nls /tmp/by-sftp\n`,
    },
  );
  expect(sftp.exitCode).toBe(0);
  expect(sftp.stdout).toContain("/tmp/by-sftp");
}

/** Everyday work of podman on this host, through one of the machine's connections. */
export async function podmanWorks(client: Client, connection: string): Promise<void> {
  const { env, folder } = client;
  const argv = (...words: string[]) => ["podman", "--remote", "--connection", connection, ...words];
  const podman: Podman = (...words) => runOk(argv(...words), { env, timeoutMs: 600_000 });
  const isRootless = connection !== client.machine;
  const rootless = await podman("info", "--format", "{{.Host.Security.Rootless}}");
  expect(rootless.trim()).toBe(String(isRootless));
  // That the user's podman answers is news; what it then does, other tests see in the guest.
  if (isRootless && !isWhole) return;

  await writeFile(path.join(folder, "Containerfile"), containerfile);
  await podman("build", "-q", "-t", image, "-f", path.join(folder, "Containerfile"), folder);
  await podman("run", "-d", "--name", "web", "-p", "8080:80", image, "httpd", "-f", "-h", "/www");
  const page = () => fetch(`http://127.0.0.1:${client.published}/`).then((r) => r.text(), String);
  await expect.poll(page, { timeout: 60_000 }).toBe("served\n");
  const typed = await onTerminal(
    argv("exec", "-it", "web", "sh"),
    ["echo ty''ped; tty; exit 3\r"],
    env,
  );
  expect(typed.text).toContain("typed");
  expect(typed.text).toContain("/dev/pts/");
  expect(typed.exitCode).toBe(3);
  await dataIsKept(podman, folder);
  if (isWhole) await podIsPlayed(podman, folder);
  await podman("rm", "-f", "-t", "0", "web");
}

type Podman = (...words: string[]) => Promise<string>;

const containerfile = [
  "FROM scratch",
  "COPY busybox /bin/busybox",
  'RUN ["/bin/busybox", "--install", "-s", "/bin"]',
  "RUN mkdir -p /tmp /www && echo served > /www/index.html",
  'CMD ["/bin/sh"]',
  "",
].join("\n");

/** Volumes, shares, logs as they come, copies. */
async function dataIsKept(podman: Podman, folder: string): Promise<void> {
  const inside = "echo kept > /v/f; echo c > /s/by-container; echo 1; sleep 1; echo 2";
  const mounts = ["-v", "kept:/v", "-v", "/mnt/my folder:/s"];
  await podman("run", "-d", "--name", "talks", ...mounts, image, "sh", "-c", inside);
  expect(await podman("logs", "-f", "talks")).toBe("1\n2\n");
  expect(await podman("run", "--rm", "-v", "kept:/v", image, "cat", "/v/f")).toBe("kept\n");
  expect(existsSync(path.join(folder, "my folder/by-container"))).toBe(true);
  await podman("cp", path.join(folder, "Containerfile"), "web:/tmp/copied");
  await podman("cp", "web:/tmp/copied", path.join(folder, "back"));
  expect(await readFile(path.join(folder, "back"), "utf8")).toBe(containerfile);
  await podman("rm", "-f", "-t", "0", "-v", "talks");
}

async function podIsPlayed(podman: Podman, folder: string): Promise<void> {
  const pod = path.join(folder, "pod.yaml");
  await writeFile(pod, podYaml);
  await podman("kube", "play", pod);
  await expect.poll(() => podman("logs", "pod-main"), { timeout: 60_000 }).toBe("played\n");
  await podman("kube", "down", pod);
}

const podYaml = `apiVersion: v1
kind: Pod
metadata:
  name: pod
spec:
  restartPolicy: Never
  containers:
    - name: main
      image: ${image}:latest
      imagePullPolicy: Never
      command: ["echo", "played"]
`;

/** docker's own client over ssh, where there is one on this host. */
export async function dockerWorks(client: Client): Promise<void> {
  const docker = ["/usr/bin/docker", "/usr/local/bin/docker"].find((file) => existsSync(file));
  if (docker === undefined) return;
  const text = await runOk([program, "env", "--json", client.machine], { env: client.env });
  const variables: NodeJS.ProcessEnv = JSON.parse(text);
  const bin = path.join(client.folder, "docker-bin");
  await mkdir(bin);
  await writeFile(
    path.join(bin, "ssh"),
    `#!/bin/sh\nexec ${client.env.PERSON_BIN}/person-ssh "$@"\n`,
  );
  await chmod(path.join(bin, "ssh"), 0o755);
  const env = { ...client.env, ...variables, PATH: `${bin}:${process.env.PATH}` };
  expect(await runOk([docker, "version", "--format", "{{.Server.Version}}"], { env })).toMatch(
    /^5\./,
  );
  const made = await run([docker, "run", "--rm", image, "echo", "by docker"], {
    env,
    timeoutMs: 300_000,
  });
  expect(made).toMatchObject({ exitCode: 0, stdout: "by docker\n" });
}

/** The driver generic, with the machine as one that somebody else runs. */
export async function isReachedAsAnyMachine(client: Client): Promise<void> {
  const { env, folder, machine: name } = client;
  const format = "{{.Driver.SSHPort}} {{.Driver.SSHKeyPath}}";
  const said = await runOk([program, "inspect", "-f", format, name], { env });
  const [port = "", key = ""] = said.trim().split(" ");
  const create = (keyPath: string) =>
    machine(
      client,
      ...["create", "--driver", "generic", "--generic-ip-address", "127.0.0.1", "--no-connection"],
      ...[
        "--generic-ssh-port",
        port,
        "--generic-ssh-user",
        "tc",
        "--generic-ssh-key",
        keyPath,
        "far",
      ],
    );
  const wrong = path.join(folder, "wrong-key");
  await runOk(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", wrong], { env });
  const refused = await create(wrong);
  expect(refused.exitCode).toBe(1);
  expect(refused.stderr).toMatch(
    /^tc@127\.0\.0\.1:\d+ can't be logged in to: .*Permission denied.*\n$/,
  );
  expect(await create(key)).toMatchObject({ exitCode: 0, stderr: "" });
  expect((await machine(client, "ssh", "far", "id -un")).stdout).toBe("tc\n");
  expect((await machine(client, "ls", "-f", "{{.Name}} {{.DriverName}} {{.State}}")).stdout).toBe(
    `far generic Running\n${name} qemu Running\n`,
  );
  expect(await machine(client, "stop", "far")).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining("generic driver does not support stop"),
  });
  expect((await machine(client, "rm", "-y", "far")).exitCode).toBe(0);
}

/** Runs a program on a terminal of its own, types into it, and gives what it showed and its exit status. */
function onTerminal(argv: string[], lines: string[], env: NodeJS.ProcessEnv) {
  const [command = "", ...args] = argv;
  return new Promise<{ text: string; exitCode: number }>((resolve, reject) => {
    const terminal = spawn(command, args, { cols: 80, rows: 24, env });
    let text = "";
    const timer = setTimeout(() => {
      terminal.kill("SIGKILL");
      reject(new Error(`${argv.join(" ")} doesn't end: ${text}`));
    }, 120_000);
    const left = [...lines];
    terminal.onData((data) => {
      text += data;
      // The prompt is there: what is typed before it would be lost with the terminal's mode.
      if (/[#$] $/.test(stripVTControlCharacters(text))) {
        const line = left.shift();
        if (line !== undefined) terminal.write(line);
      }
    });
    terminal.onExit(({ exitCode }) => {
      clearTimeout(timer);
      resolve({ text, exitCode });
    });
  });
}
