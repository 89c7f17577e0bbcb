import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  utimes,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { systemErrorCode } from "../../system-error.ts";
import { createMachine } from "../life/create.ts";
import { makeTestHost, type TestHost } from "../life/host.testing.ts";
import { makeOtherImage } from "../life/other-image.testing.ts";
import { startMachine, waitUntilReady } from "../life/start.ts";
import { stopMachine } from "../life/stop.ts";
import { runProgram } from "../program/run.ts";
import { runCommandLine } from "./program.ts";
import { makeTestCaller } from "./terminal.testing.ts";
import { homeOf } from "./terminal.ts";

const isRoot = process.getuid?.() === 0;
const program = join(import.meta.dirname, "../podman-machine");
const timeout = { timeoutMs: 100_000 };

/** A folder of the test's, which may hold a filesystem. */
let folder: string;
let host: TestHost;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "b2p-odd-"));
  host = await makeTestHost(join(folder, "store"));
});
afterEach(async () => {
  await host.dispose();
  await rm(folder, { recursive: true, force: true, maxRetries: 10 });
});

/** What a command says on this store, and its status. */
async function say(...words: string[]) {
  const caller = makeTestCaller(host.store, ["y"]);
  const status = await runCommandLine(words, caller);
  return { status, errors: caller.errors };
}

/** Refused in one line that fits. */
function refused(message: RegExp) {
  return { status: 1, errors: [expect.stringMatching(message)] };
}

const changing = [
  ["start", "box"],
  ["stop", "box"],
  ["set", "--cpus", "2", "box"],
  ["upgrade", "box"],
  ["rm", "box"],
  ["create", "--driver", "none", "--url", "tcp://10.0.0.1:1", "other"],
];

describe.runIf(isRoot)("a store on a filesystem of its own", () => {
  // A log's keeper that is about to end may still write: a filesystem then stays writable.
  const mount = (...words: string[]) =>
    expect.poll(async () => (await runProgram("mount", words, timeout)).stderr).toBe("");

  beforeEach(async () => {
    await mkdir(host.store);
    await mount("-t", "tmpfs", "-o", "size=16m", "tmpfs", host.store);
    await host.create("box");
    await stopMachine(host, "box");
  });
  afterEach(async () => {
    await runProgram("umount", ["-l", host.store], timeout);
  });

  test("that is read-only can be looked at, and each change is refused in one line", async () => {
    await mount("-o", "remount,ro", host.store);
    expect(await host.states()).toEqual({ box: "Stopped" });
    for (const words of changing) {
      const { status, errors } = await say(...words);
      expect(status).toBe(1);
      expect(errors.at(-1)).toMatch(/locks\/\w+ can't be written: its filesystem is read-only\.$/);
    }
    await mount("-o", "remount,rw", host.store);
    expect((await startMachine(host, "box")).launched).toBe(true);
  });

  test("that is full: nothing is started or changed, what runs is stopped, and it goes on with room", async () => {
    const filler = join(host.store, "filler");
    const before = await readFile(host.files("box").config, "utf8");
    const fill = () => writeFile(filler, Buffer.alloc(32 * 2 ** 20)).catch(() => undefined);
    await fill();
    expect(await say("start", "box")).toEqual(refused(/^There is no room on the host's disk for /));
    expect(await host.states()).toEqual({ box: "Stopped" });
    expect(await say("set", "--cpus", "2", "box")).toEqual(
      refused(/^There is no room on the host's disk for .*config\.json: make room there\.$/),
    );
    await expect(createMachine(host, "other", host.wanted())).rejects.toThrow(/^No space on/);
    expect(await host.folders()).toEqual(["box"]);
    expect(await readFile(host.files("box").config, "utf8")).toBe(before);
    await rm(filler);
    await startMachine(host, "box");
    await fill();
    expect(await stopMachine(host, "box")).toBe(true);
    expect(await host.states()).toEqual({ box: "Stopped" });
  });
});

describe.runIf(isRoot)("a store of another user's", () => {
  /** As a user who is nobody in particular. */
  const asOther = (...words: string[]) => {
    const argv = ["--reuid=4242", "--clear-groups", program, "-s", host.store, ...words];
    const environment = { PATH: process.env.PATH, HOME: folder };
    return runProgram("setpriv", argv, { ...timeout, environment });
  };

  test("is refused to others in one line, whatever they want", async () => {
    await host.create("box");
    await chmod(folder, 0o755);
    for (const words of [["ls"], ["status", "box"], ["ssh", "box", "true"], ...changing]) {
      const { exitCode, stderr } = await asOther(...words, ...(words[0] === "rm" ? ["-y"] : []));
      const lines = stderr.trim().split("\n");
      expect(lines.at(-1)).toMatch(/ may not be used by this user: it belongs to another/);
      expect(exitCode).toBe(1);
      expect(stderr).not.toMatch(/EACCES|^\s+at /m);
    }
    expect(await host.states()).toEqual({ box: "Running" });
  });

  test("that is open to all: the machine that its owner runs is no broken one", async () => {
    await host.create("box");
    for (const place of [
      folder,
      host.store,
      join(host.store, "machines"),
      host.files("box").folder,
    ]) {
      await chmod(place, 0o755);
    }
    await chmod(host.files("box").config, 0o644);
    const listed = await asOther("ls", "-f", "{{.Name}} {{.State}} {{.Error}}");
    expect(listed.stdout).toMatch(/^box Error .* may not be used by this user: /);
    await chmod(host.files("box").pid, 0o644);
    await chmod(host.files("box").process, 0o644);
    const { stdout, stderr } = await asOther("status", "box");
    expect(stdout + stderr).toMatch(/^Error\nQEMU \(process \d+\) is run by another user/);
  });
});

test("a store that was moved has its machines, whose keys are told by their new place", async () => {
  await host.create("box");
  await stopMachine(host, "box");
  const moved = { ...host, store: join(folder, "moved") };
  await rename(host.store, moved.store);
  const { machine, launched } = await startMachine(moved, "box");
  expect(launched).toBe(true);
  await waitUntilReady(moved, machine);
  const caller = makeTestCaller(moved.store);
  expect(await runCommandLine(["provision", "box"], caller)).toBe(0);
  expect(await runCommandLine(["config", "box"], caller)).toBe(0);
  const key = join(moved.store, "machines/box/id_ed25519");
  expect(caller.printed.join("\n")).toContain(`--identity-file=${key}`);
  expect(await readFile(join(moved.store, "machines/box/ssh_config"), "utf8")).toContain(key);
  expect(await runCommandLine(["rm", "-f", "-y", "box"], caller)).toBe(0);
});

test("a store that is a file is said to be one", async () => {
  await writeFile(host.store, "");
  expect(await say("ls")).toEqual(
    refused(/machines can't be reached: a part of this path is a file/),
  );
  expect(await say("start", "box")).toEqual(refused(/can't be reached: a part of this path is/));
});

test("a byte order mark before config.json, as an editor of Windows leaves it, is no part of it", async () => {
  await host.create("box");
  const { config } = host.files("box");
  await writeFile(config, `\ufeff${await readFile(config, "utf8")}`);
  expect(await host.states()).toEqual({ box: "Running" });
  await stopMachine(host, "box");
  expect(await say("set", "--cpus", "2", "box")).toMatchObject({ status: 0 });
  expect((await readFile(config, "utf8")).startsWith("{")).toBe(true);
});

describe("a person without a home", () => {
  test.each([
    [{ HOME: "/home/p" }, "/home/p"],
    [{ HOME: "/my home" }, "/my home"],
  ])("%j names it", (environment, home) => {
    expect(homeOf(environment)).toBe(home);
  });

  test.each([[{}], [{ HOME: "" }]])("%j: the account's is taken", (environment) => {
    expect(homeOf(environment)).toMatch(/^\//);
  });

  test.runIf(isRoot)("and without an account is asked for a store", async () => {
    const argv = ["--reuid=4242", "--clear-groups", program];
    const environment = { PATH: process.env.PATH };
    const without = await runProgram("setpriv", [...argv, "ls"], { ...timeout, environment });
    expect(without.stderr).toBe(
      "There is no home folder for the machines: set HOME, or name a folder with --storage-path.\n",
    );
    expect(without.exitCode).toBe(1);
    const named = ["-s", join(folder, "their own"), "ls", "-q"];
    await chmod(folder, 0o777);
    const withStore = await runProgram("setpriv", [...argv, ...named], { ...timeout, environment });
    expect(withStore).toMatchObject({ exitCode: 0, stdout: "", stderr: "" });
  });
});

/** Says it in a terminal's group, which gets ^C when a line like this is printed; gives what was said by then. */
async function interrupted(words: readonly string[], line: RegExp): Promise<string> {
  const child = spawn(program, ["-s", host.store, ...words], {
    stdio: ["ignore", "pipe", "ignore"],
    // A terminal sends it to all that run in the foreground.
    detached: true,
    env: { ...process.env, HOME: folder },
  });
  const ended = once(child, "exit");
  let text = "";
  child.stdout.on("data", (chunk) => {
    text += chunk;
    if (text.split("\n").some((said) => line.test(said)) && child.pid !== undefined) {
      process.kill(-child.pid, "SIGINT");
    }
  });
  await ended;
  return text;
}

/** Once it is neither on its way up nor down: on, off, or no machine. */
async function settled(): Promise<string | undefined> {
  const state = async () => (await host.states()).box;
  await expect
    .poll(async () => [undefined, "Stopped", "Running"].includes(await state()))
    .toBe(true);
  return state();
}

describe("a create that gets ^C", () => {
  test.each([
    ["while the key is made", /^Creating SSH key/],
    ["while the disk is made", /^Creating disk image/],
    ["while QEMU starts", /^Starting "box"/],
  ])("%s leaves nothing half-made", async (_, line) => {
    const { Image, Program } = host.settings;
    const words = ["create", "--image", Image, "--program", Program, "--accelerator", "tcg"];
    const more = ["--memory", "256", "--disk-size", "256", "--no-connection", "box"];
    expect(await interrupted([...words, ...more], line)).toMatch(new RegExp(line, "m"));
    if ((await settled()) === undefined) {
      await host.create("box");
    } else {
      await startMachine(host, "box");
    }
    expect(await host.states()).toEqual({ box: "Running" });
  });
});

test.each([
  ["start", /^Starting "box"/, []],
  ["stop", /^Stopping "box"/, []],
  ["restart", /^Stopping "box"/, []],
  ["upgrade", /^Stopping "box"/, ["--image"]],
])(
  "the command %s that gets ^C leaves a machine that can be started",
  async (word, line, options) => {
    await host.create("box");
    if (word === "start") {
      await stopMachine(host, "box");
    }
    const image =
      options.length === 0
        ? []
        : [...options, await makeOtherImage(host.settings.Image, join(folder, "image"))];
    const said = await interrupted([word, ...image, "box"], line);
    expect(said).toMatch(new RegExp(line, "m"));
    await settled();
    // Told to go off just before, it may be on for a moment still; then it starts, and stays.
    await stopMachine(host, "box");
    await startMachine(host, "box");
    expect(await host.states()).toEqual({ box: "Running" });
  },
);

test("a host whose clock was set back has its machines as before", async () => {
  await host.create("box");
  await stopMachine(host, "box");
  const future = new Date("2099-01-01");
  for (const name of await readdir(host.store, { recursive: true })) {
    try {
      await utimes(join(host.store, name), future, future);
    } catch (error) {
      // What keeps a log takes its pipe away at the end.
      if (systemErrorCode(error) !== "ENOENT") {
        throw error;
      }
    }
  }
  expect(await say("start", "box")).toEqual({ status: 0, errors: [] });
  expect(await say("ls")).toEqual({ status: 0, errors: [] });
  expect(
    await say(
      "upgrade",
      "--image",
      await makeOtherImage(host.settings.Image, join(folder, "image")),
      "box",
    ),
  ).toMatchObject({ status: 0 });
  expect(await host.states()).toEqual({ box: "Running" });
  expect(await say("upgrade", "--rollback", "box")).toMatchObject({ status: 0 });
  expect(await host.states()).toEqual({ box: "Running" });
  expect(await say("rm", "-f", "box")).toEqual({ status: 0, errors: [] });
});

test.each(["my 50% %d ß", "q'u,o=te [x] {y} $HOME"])(
  "a store in a folder named %s has machines like any other",
  async (name) => {
    const odd = await makeTestHost(join(folder, name));
    try {
      await odd.create("box");
      const caller = makeTestCaller(odd.store);
      expect(await runCommandLine(["provision", "box"], caller)).toBe(0);
      expect(caller.errors).toEqual([]);
      await stopMachine(odd, "box");
      await startMachine(odd, "box");
      expect(await odd.states()).toEqual({ box: "Running" });
      await stopMachine(odd, "box");
    } finally {
      await odd.dispose();
    }
  },
);

test("a command with a strict umask and an odd locale makes the machine that others make", async () => {
  const { Image, Program } = host.settings;
  const create = `umask 077; exec "$0" -s "$1" create --image "$2" --program "$3" --accelerator tcg --memory 256 --disk-size 256 --no-connection box`;
  const argv = ["-c", create, program, host.store, Image, Program];
  const environment = { ...process.env, HOME: folder, LC_ALL: "tr_TR.UTF-8", LANG: "xx", TZ: "x" };
  const { exitCode, stdout } = await runProgram("sh", argv, { ...timeout, environment });
  expect(stdout).toContain('Machine "box" is ready');
  expect(exitCode).toBe(0);
  expect(await host.states()).toEqual({ box: "Running" });
});
