import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { seedHome } from "../automount/apply/seed-home.ts";
import { readLastMachine } from "../automount/disk/last-machine.ts";
import { readInUse } from "../containers/in-use.ts";
import { readStopped } from "../containers/restart/stopped.ts";
import { boot2podman } from "../flavour/flavour.ts";
import { FakeKernel } from "../kernel/fake-kernel.testing.ts";
import type { FileStat, Ownership, Reader } from "../kernel/files.ts";
import { linuxFiles } from "../kernel/linux/linux-files.ts";
import { flushLogs } from "../logs/flush-logs.ts";
import { readNoCloud } from "../provision/nocloud/nocloud.ts";
import { defaultBootOptions } from "../settings/boot-options.ts";
import { openSettings } from "../settings/settings.ts";
import { readGivenKeys } from "../sshkeys/sources/given-keys.ts";
import { openStore, readStored } from "../sshkeys/store.ts";
import type { Stage } from "../stage/stage.ts";
import { daemonsStage } from "./daemons/stage.ts";
import { dropInsStage } from "./drop-ins/stage.ts";
import { entropyStage } from "./entropy/stage.ts";
import { startHook } from "./hooks/run-hook.ts";
import { hostnameStage } from "./hostname/stage.ts";
import { trustStage } from "./trust/stage.ts";

const state = "/var/lib/boot2podman";
const cidata = "/run/boot2podman/cidata";
const terabyte = 2 ** 40;

/** The fake, with real files where a data disk and a NoCloud disk are mounted: fifos there wait as fifos do. */
class WithRealDisks extends FakeKernel {
  readonly #root: string;

  constructor(root: string) {
    super();
    this.#root = root;
    this.onRun("sh").onRun("crond").onRun("bootsync.sh").onRun("ssh-keygen", { exitCode: 1 });
    this.lay({ [state]: null, [cidata]: null, "/dev/urandom": "random", "/boot.log": "x" });
    this.lay({ "/etc": null, "/var/log": null });
    this.mount({ source: "/dev/sda1", target: state, type: "ext4", flags: [] });
  }

  #real(path: string): string | undefined {
    if (path.startsWith("/proc/self/fd/")) {
      return path;
    }
    return [state, cidata].some((one) => `${path}/`.startsWith(`${one}/`))
      ? `${this.#root}${path}`
      : undefined;
  }

  override exists(path: string): boolean {
    return this.stat(path) !== undefined;
  }
  override stat(path: string): FileStat | undefined {
    const real = this.#real(path);
    return real === undefined ? super.stat(path) : linuxFiles.stat(real);
  }
  override lstat(path: string): FileStat | undefined {
    const real = this.#real(path);
    return real === undefined ? super.lstat(path) : linuxFiles.lstat(real);
  }
  override realpath(path: string): string {
    const real = this.#real(path);
    return real === undefined ? super.realpath(path) : linuxFiles.realpath(real);
  }
  override readNoFollow(path: string, maxBytes: number): Uint8Array | undefined {
    const real = this.#real(path);
    return real === undefined
      ? super.readNoFollow(path, maxBytes)
      : linuxFiles.readNoFollow(real, maxBytes);
  }
  override openReader(path: string): Reader | undefined {
    const real = this.#real(path);
    return real === undefined ? super.openReader(path) : linuxFiles.openReader(real);
  }
  override listNoFollow(path: string, maxBytes?: number): string[] {
    const real = this.#real(path);
    return real === undefined
      ? super.listNoFollow(path, maxBytes)
      : linuxFiles.listNoFollow(real, maxBytes);
  }
  override append(path: string, content: string | Uint8Array): void {
    this.#on(path, super.append.bind(this), linuxFiles.append, content);
  }
  override empty(path: string): void {
    this.#on(path, super.empty.bind(this), linuxFiles.empty);
  }
  override mkdir(path: string): void {
    this.#on(path, super.mkdir.bind(this), linuxFiles.mkdir);
  }
  override writeAtomic(path: string, content: string | Uint8Array): void {
    this.#on(path, super.writeAtomic.bind(this), linuxFiles.writeAtomic, content);
  }
  override mkdirBeneath(root: string, path: string, ownership: Required<Ownership>): void {
    this.#on(root, super.mkdirBeneath.bind(this), linuxFiles.mkdirBeneath, path, ownership);
  }
  #on<Rest extends unknown[]>(
    path: string,
    fake: (path: string, ...rest: Rest) => void,
    real: (path: string, ...rest: Rest) => void,
    ...rest: Rest
  ): void {
    const there = this.#real(path);
    if (there === undefined) {
      fake(path, ...rest);
    } else {
      real(there, ...rest);
    }
  }
  override withFolderBeneath<T>(root: string, path: string, use: (path: string) => T): T {
    const real = this.#real(root === "/" ? `/${path.split("/").slice(0, 3).join("/")}` : root);
    if (real === undefined) {
      return super.withFolderBeneath(root, path, use);
    }
    return linuxFiles.withFolderBeneath(root === "/" ? this.#root : real, path, use);
  }
}

let root: string;
let writers: ChildProcess[];
beforeEach(() => {
  root = fs.mkdtempSync(join(tmpdir(), "odd-files-"));
  fs.mkdirSync(root + state, { recursive: true });
  fs.mkdirSync(root + cidata, { recursive: true });
  writers = [];
});
afterEach(() => {
  for (const writer of writers) {
    writer.kill();
  }
  fs.rmSync(root, { recursive: true });
});

const odd: Readonly<Record<string, (path: string) => void>> = {
  "a fifo": (path) => {
    spawnSync("mkfifo", [path]);
    // Who waits for it all the same comes back with what isn't expected, instead of never.
    const late = 'sleep 20; timeout 1 sh -c "echo late >\\"$0\\"" "$0"';
    writers.push(spawn("sh", ["-c", late, path], { stdio: "ignore", detached: true }));
  },
  "a folder": (path) => fs.mkdirSync(path),
  "a device": (path) => {
    // Only root makes devices; for others a link to one is as near as they get.
    if (spawnSync("mknod", [path, "c", "1", "5"]).status !== 0) {
      fs.symlinkSync("/dev/zero", path);
    }
  },
  "a socket": (path) => {
    const listen = `require("net").createServer().listen(process.argv[1], () => process.exit())`;
    spawnSync(process.execPath, [
      "-e",
      `process.on("exit", () => process.kill(process.pid, 9)); ${listen}`,
      path,
    ]);
  },
  "a link to a device": (path) => fs.symlinkSync("/dev/zero", path),
  "a link into /proc": (path) => fs.symlinkSync("/proc/kmsg", path),
  "a file of a terabyte": (path) => {
    fs.writeFileSync(path, "");
    fs.truncateSync(path, terabyte);
  },
};

async function run(stage: Stage, kernel: FakeKernel, options = {}): Promise<string> {
  const notes = { observed: null, plan: null, done: [] };
  const { message } = await stage.run({
    kernel,
    options: { ...defaultBootOptions, ...options },
    notes,
  });
  return message;
}

/** Who reads what: says what it took, or throws or gives words about what it refused. */
const readers: Readonly<Record<string, (kernel: FakeKernel) => unknown>> = {
  [`${state}/boot2podman.toml`]: (kernel) =>
    openSettings("").settings.readFile(kernel, "data disk"),
  [`${state}/etc/hostname`]: (kernel) => run(hostnameStage(false), kernel),
  [`${state}/etc/containers/registries.conf.d/a.conf`]: (kernel) => run(dropInsStage, kernel),
  [`${state}/certs/a.pem`]: (kernel) => run(trustStage, kernel),
  [`${state}/random-seed`]: (kernel) => run(entropyStage, kernel),
  [`${state}/etc/ssh/ssh_host_ed25519_key`]: async (kernel) =>
    (await readStored(kernel, openStore(kernel, state))).ed25519,
  [`${state}/authorized_keys`]: (kernel) => givenKeys(kernel),
  [`${state}/authorized_keys.d/a`]: (kernel) => givenKeys(kernel),
  [`${state}/etc/crontabs/root`]: (kernel) => run(daemonsStage, kernel, { cron: true }),
  [`${state}/bootsync.sh`]: (kernel) => startHook(kernel, "bootsync"),
  [`${state}/in-use`]: (kernel) => readInUse(kernel),
  [`${state}/last-machine`]: (kernel) => readLastMachine(kernel, "/", boot2podman),
  [`${state}/userdata.tar`]: (kernel) =>
    seedHome(
      kernel,
      { node: "/dev/sda1", folder: "/", readOnly: false, refusal: undefined },
      boot2podman,
    ),
  [`${state}/stopped-containers`]: (kernel) => readStopped(kernel, { uid: 0 }),
  [`${state}/log/boot.log`]: (kernel) => flushLogs(kernel),
  [`${cidata}/user-data`]: (kernel) =>
    readNoCloud(kernel, { node: "/dev/sr0", type: "iso9660" }).warnings,
};

async function givenKeys(kernel: FakeKernel) {
  const user = { name: "tc", uid: 1000, gid: 50, home: "/home/tc" };
  return (await readGivenKeys(kernel, user, { stateFolder: state, keys: [] })).warnings;
}

const refusal =
  /EINVAL|ELOOP|longer than|it is (a|not a) |is a (char|fifo|socket|link|folder)|is not a file|points to/;
/** Where less than all of it is a sound answer: a start that is bounded, or nothing, in place of what is no file. */
const taken: Readonly<Record<string, Readonly<Record<string, RegExp>>>> = {
  [`${state}/random-seed`]: {
    ...all(/seed made/),
    "a file of a terabyte": /seed used/,
    "a folder": /EISDIR|seed made/,
  },
  [`${state}/last-machine`]: {
    ...all(/^nothing$/),
    "a file of a terabyte": /^"(\\u0000){100}"$/,
  },
  [`${state}/in-use`]: all(/"unchecked"/),
  [`${state}/etc/hostname`]: { "a file of a terabyte": /is not a host name/ },
  [`${state}/etc/ssh/ssh_host_ed25519_key`]: all(/"unusable"/),
  [`${state}/userdata.tar`]: { "a file of a terabyte": /^"0 members/ },
  [`${state}/etc/containers/registries.conf.d/a.conf`]: { "a folder": /^"no files in / },
  [`${state}/stopped-containers`]: { "a file of a terabyte": /^/ },
  [`${state}/log/boot.log`]: { "a file of a terabyte": /^"?\[\]/ },
};

function all(words: RegExp): Record<string, RegExp> {
  return Object.fromEntries(Object.keys(odd).map((kind) => [kind, words]));
}

/** Refusals are errors or words; both are text. */
async function wordsOf(call: () => unknown): Promise<string> {
  try {
    return JSON.stringify(await call()) ?? "nothing";
  } catch (error) {
    return `refused: ${error instanceof Error ? error.message : String(error)}`;
  }
}

describe.each(Object.keys(readers))("%s", (path) => {
  test.each(Object.keys(odd))("as %s is refused at once, in words", async (kind) => {
    fs.mkdirSync(dirname(root + path), { recursive: true });
    odd[kind]?.(root + path);
    expect(fs.lstatSync(root + path, { throwIfNoEntry: false }), "it was made").toBeDefined();
    const kernel = new WithRealDisks(root);
    const words = await wordsOf(() => readers[path]?.(kernel));
    expect(words).not.toContain("late");
    expect(words).toMatch(taken[path]?.[kind] ?? refusal);
  });
});

test.each([
  [`${state}/certs`, (kernel: FakeKernel) => run(trustStage, kernel)],
  [`${state}/etc/containers`, (kernel: FakeKernel) => run(dropInsStage, kernel)],
  [`${state}/authorized_keys.d`, givenKeys],
  [`${state}/etc/crontabs`, (kernel: FakeKernel) => run(daemonsStage, kernel, { cron: true })],
  [cidata, readers[`${cidata}/user-data`]],
])("%s with more names than anybody has is refused before they are read", async (path, read) => {
  fs.mkdirSync(root + path, { recursive: true });
  for (let number = 0; number < 14_000; number++) {
    fs.writeFileSync(`${root + path}/${number}-of-many-names`, "");
  }
  const words = await wordsOf(() => read?.(new WithRealDisks(root)));
  expect(words).toMatch(/EFBIG \(the folder takes \d+ bytes/);
});

test.each([
  [`${state}/etc/containers`, (kernel: FakeKernel) => run(dropInsStage, kernel)],
  [`${state}/authorized_keys.d`, givenKeys],
  [`${state}/etc/crontabs`, (kernel: FakeKernel) => run(daemonsStage, kernel, { cron: true })],
  [`${state}/log`, (kernel: FakeKernel) => flushLogs(kernel)],
])("%s that is a link to a folder isn't taken for an empty one", async (path, read) => {
  fs.mkdirSync(`${root}/elsewhere`);
  fs.mkdirSync(dirname(root + path), { recursive: true });
  fs.symlinkSync(`${root}/elsewhere`, root + path);
  const kernel = new WithRealDisks(root);
  expect(await wordsOf(() => read(kernel))).toMatch(/ENOTDIR|ELOOP/);
});
