import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { runProgram } from "../../program/run.ts";
import { parseConfig } from "../../store/config.ts";
import { filesIn } from "../../store/machine-files.ts";
import { type Machine, ofDriver } from "../../store/machines.ts";
import type { Report } from "../contract/driver.ts";
import { readProcess } from "./process.ts";
import { endShares, serveShares } from "./share-daemons.ts";

let folder: string;
let warnings: string[];
const report: Report = {
  line: () => undefined,
  warn: (text) => warnings.push(text),
  progress: () => undefined,
  stage: () => undefined,
};

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "b2p-shares-"));
  warnings = [];
  for (const name of ["bin", "box", "shared"]) {
    await mkdir(join(folder, name));
  }
  vi.stubEnv("PATH", `${join(folder, "bin")}:${process.env.PATH}`);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  // What keeps a daemon's log may write into the folder while it is removed.
  await rm(folder, { recursive: true, force: true, maxRetries: 10 });
});

function machine(readOnly = false): Machine<"qemu"> {
  const share = { Tag: "t", HostFolder: join(folder, "shared"), GuestFolder: "/m" };
  const driver = { SSHPort: 40_000, Memory: 256, DiskSize: 1000, CPU: 1 };
  const text = JSON.stringify({
    ConfigVersion: 3,
    Driver: { ...driver, Shares: [{ ...share, ReadOnly: readOnly }] },
    DriverName: "qemu",
    Name: "box",
  });
  const files = filesIn(join(folder, "box"));
  return ofDriver({ name: "box", files, config: parseConfig(text, "config.json") }, "qemu");
}

/** Puts a stand-in for virtiofsd on PATH, which does this when it is to serve; $2 is its socket. */
async function standIn(doing: string): Promise<void> {
  const path = join(folder, "bin/virtiofsd");
  const help = '[ "$1" = --help ] && { echo --readonly --translate-uid; exit; }';
  await writeFile(path, `#!/bin/sh\n${help}\n${doing}\n`);
  await chmod(path, 0o755);
}

test("a daemon that can't have its sandbox is never used: QEMU serves the share, and it is said", async () => {
  // Its socket is there for a moment all the same, as virtiofsd's is.
  await standIn(': >"$2"; sleep 0.3; echo "Error entering sandbox: Unshare" >&2; rm "$2"; exit 1');
  const { served } = await serveShares(machine(), report);
  expect(served.map(({ transport }) => transport.kind)).toEqual(["9p"]);
  expect(warnings.join("\n")).toMatch(
    /virtiofsd doesn't serve .*shared .*user namespaces.*9p is used/,
  );
});

test("a daemon serves when it says so, and ends with all its processes when QEMU doesn't start", async () => {
  const pidFile = join(folder, "pid");
  await standIn(
    `sleep 1000 & echo $! >${pidFile}; : >"$2"; echo "Waiting for vhost-user socket connection..." >&2; wait`,
  );
  const { served, end } = await serveShares(machine(), report);
  expect(served.map(({ transport }) => transport.kind)).toEqual(["virtiofs"]);
  const pid = Number(await readFile(pidFile, "utf8"));
  expect(await readProcess(pid)).toBeDefined();
  end();
  await expect.poll(() => readProcess(pid), { timeout: 60_000 }).toBeUndefined();
});

test("a daemon whose start was killed before QEMU came is ended by the next one, and no other machine's is", async () => {
  const pidFile = join(folder, "pid");
  await standIn(
    `echo $$ >${pidFile}; : >"$2"; echo "Waiting for vhost-user socket connection..." >&2; cat "$0.pipe"`,
  );
  await runProgram("mkfifo", [join(folder, "bin/virtiofsd.pipe")], { timeoutMs: 60_000 });
  const { files } = machine();
  await serveShares(machine(), report);
  const pid = Number(await readFile(pidFile, "utf8"));
  const other = filesIn(join(folder, "bo"));
  await mkdir(other.folder);
  await writeFile(join(other.folder, "share0"), "");
  await endShares(other);
  expect(await readProcess(pid)).toBeDefined();
  await endShares(files);
  await expect.poll(() => readProcess(pid), { timeout: 60_000 }).toBeUndefined();
  await expect.poll(() => readdir(files.folder), { timeout: 60_000 }).toEqual(["shares.log"]);
});

test.each([
  { uid: 0, readOnly: false, warned: true },
  { uid: 0, readOnly: true, warned: false },
  { uid: 1000, readOnly: false, warned: false },
])(
  "setuid files are warned of: $warned for uid $uid, for reading alone: $readOnly",
  async ({ uid, readOnly, warned }) => {
    await standIn("exit 1");
    vi.spyOn(process, "getuid").mockReturnValue(uid);
    await serveShares(machine(readOnly), report);
    expect(warnings.some((one) => /run as root of this host \(setuid\)/.test(one))).toBe(warned);
  },
);
