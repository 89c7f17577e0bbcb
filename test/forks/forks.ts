/**
 * `npm run forks`: machines of this host that are saved, forked and thrown away, with the built image: many in a row and
 * many at once, what they have of their own, what they share, and what kill -9 leaves. Half an hour without KVM.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createReadStream } from "node:fs";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { parseArgs } from "node:util";
import { importScript } from "../vm/harness/container-image.ts";
import { run } from "../vm/harness/run.ts";

const program = path.resolve(import.meta.dirname, "../../machine/podman-machine");

const { values } = parseArgs({
  options: {
    row: { type: "string", default: "50" },
    together: { type: "string", default: "10" },
    kills: { type: "string", default: "12" },
  },
});

const store = await mkdtemp(path.join(tmpdir(), "b2p-forks-"));
const env = { ...process.env, HOME: store, MACHINE_STORAGE_PATH: path.join(store, "store") };
const failures: string[] = [];

function expectThat(isTrue: boolean, what: string): void {
  console.log(`${isTrue ? "ok    " : "FAILED"} ${what}`);
  if (!isTrue) {
    failures.push(what);
  }
}

async function machine(...words: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await run([program, ...words], { env });
  if (exitCode !== 0) {
    throw new Error(`podman-machine ${words.join(" ")}: ${stderr.trim()}`);
  }
  return stdout;
}

async function timed<T>(work: () => Promise<T>): Promise<{ value: T; seconds: number }> {
  const startedMs = performance.now();
  const value = await work();
  return { value, seconds: (performance.now() - startedMs) / 1000 };
}

const seconds = (value: number) => `${value.toFixed(1)} s`;
const median = (all: number[]) => all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)] ?? 0;

async function hashOf(file: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file), hash);
  return hash.digest("hex");
}

/** All that forks read of a template. */
async function templateHashes(): Promise<string> {
  const folder = path.join(env.MACHINE_STORAGE_PATH, "templates/box");
  const names = (await readdir(folder)).sort();
  const hashes = await Promise.all(names.map((name) => hashOf(path.join(folder, name))));
  return names.map((name, index) => `${name} ${hashes[index]}`).join("\n");
}

/** What no two machines may have alike, by what it is. */
const own: Record<string, Set<string>> = {};
const script =
  "head -c 32 /dev/urandom | base64; cat /proc/sys/kernel/random/boot_id /proc/sys/kernel/random/uuid; " +
  "hostname; cat /var/lib/boot2podman/last-machine; " +
  "cut -d' ' -f2 /etc/ssh/ssh_host_ed25519_key.pub /etc/ssh/ssh_host_ecdsa_key.pub; " +
  "head -c 16 /var/lib/boot2podman/random-seed | base64; date +%s";
const names = [
  ...["urandom", "boot_id", "kernel's uuid", "host name", "machine's uuid"],
  ...["host key ed25519", "host key ecdsa", "random seed"],
];

async function look(name: string): Promise<void> {
  const lines = (await machine("ssh", "-l", "root", name, script)).trim().split("\n");
  const clock = Number(lines.pop());
  const offS = Math.abs(clock - Date.now() / 1000);
  if (offS > 30) {
    expectThat(false, `the clock of ${name} is right: it is off by ${offS.toFixed(0)} s`);
  }
  for (const [index, what] of names.entries()) {
    const found = own[what] ?? new Set();
    own[what] = found.add(lines[index] ?? "");
  }
}

/** RSS and PSS of a machine's QEMU, in MiB. */
async function memoryOf(name: string): Promise<{ rss: number; pss: number; own: number }> {
  const folder = path.join(env.MACHINE_STORAGE_PATH, "machines", name);
  const pid = (await readFile(path.join(folder, "qemu.pid"), "utf8")).trim();
  const rollup = await readFile(`/proc/${pid}/smaps_rollup`, "utf8");
  const kib = (key: string) => Number(new RegExp(`^${key}:\\s+(\\d+)`, "m").exec(rollup)?.[1]);
  const all = await readFile(`/proc/${pid}/smaps`, "utf8");
  // The guest's pages that it has written itself: of the mapping of the template's memory.
  const part = all.slice(all.search(/^.*templates\/box\/memory$/m));
  const own = Number(/^Private_Dirty:\s+(\d+)/m.exec(part)?.[1]);
  return { rss: kib("Rss") / 1024, pss: kib("Pss") / 1024, own: own / 1024 };
}

async function killedAfter(ms: number, ...words: string[]): Promise<void> {
  const child = spawn(program, words, { env, stdio: "ignore" });
  const ended = once(child, "exit");
  const timer = setTimeout(() => child.kill("SIGKILL"), ms);
  await ended;
  clearTimeout(timer);
}

async function main(): Promise<void> {
  const booted = await timed(() => machine("create", "--no-connection", "box"));
  console.log(`create, until podman listens: ${seconds(booted.seconds)}`);
  await machine("ssh", "-l", "root", "box", importScript);
  const warm =
    "podman run --rm localhost/busybox true; podman run --rm --network none localhost/busybox true";
  await machine("ssh", "-l", "root", "box", warm);
  const plain = await timed(() =>
    machine("ssh", "-l", "root", "box", "podman run --rm localhost/busybox true"),
  );
  const saved = await timed(() => machine("save", "box"));
  console.log(`save: ${seconds(saved.seconds)}; ${saved.value.trim().split("\n").at(-1)}`);
  await look("box");
  const before = await templateHashes();

  const rowS: number[] = [];
  for (let number = 1; number <= Number(values.row); number += 1) {
    const { seconds: tookS } = await timed(() => machine("fork", "--rm", "box", `row-${number}`));
    rowS.push(tookS);
    await look(`row-${number}`);
    await machine("kill", `row-${number}`);
  }
  console.log(
    `${rowS.length} forks in a row: median ${seconds(median(rowS))}, ${(median(rowS) / booted.seconds).toFixed(2)} of create`,
  );

  const many = Array.from({ length: Number(values.together) }, (_, index) => `many-${index + 1}`);
  const together = await timed(() => Promise.all(many.map((name) => machine("fork", "box", name))));
  console.log(`${many.length} forks at once: ${seconds(together.seconds)} for all`);
  for (const name of many) {
    await look(name);
  }
  for (const name of [many[0] ?? "", many.at(-1) ?? ""]) {
    const { rss, pss, own } = await memoryOf(name);
    console.log(
      `memory of ${name}: RSS ${rss.toFixed(0)} MiB, PSS ${pss.toFixed(0)} MiB; pages of the guest that are its own: ${own.toFixed(0)} MiB`,
    );
  }
  for (const [what, values] of Object.entries(own)) {
    const count = rowS.length + many.length + 1;
    expectThat(values.size === count, `${what} of ${count} machines: ${values.size} different`);
  }
  for (const name of many) {
    await machine("rm", "-f", "-y", name);
  }

  const containers = await timed(() =>
    machine("run", "--template", "box", "localhost/busybox", "true"),
  );
  console.log(
    `run of an image in the template: ${seconds(containers.seconds)}, ${(containers.seconds / (booted.seconds + plain.seconds)).toFixed(2)} of create and run (${seconds(booted.seconds)} and ${seconds(plain.seconds)})`,
  );

  const steps = Number(values.kills);
  for (let number = 0; number < steps; number += 1) {
    const part = (number % (steps / 3)) / (steps / 3);
    if (number < steps / 3) {
      await killedAfter(part * median(rowS) * 1000, "fork", "box", "cut");
      await run([program, "rm", "-f", "-y", "cut"], { env });
    } else if (number < (2 * steps) / 3) {
      await killedAfter(
        part * containers.seconds * 1000,
        "run",
        "--template",
        "box",
        "localhost/busybox",
        "true",
      );
    } else {
      await killedAfter(part * saved.seconds * 1000, "save", "--as", "cut", "box");
      await machine("start", "box");
      await machine("ssh", "box", "true");
      await run([program, "save", "rm", "cut"], { env });
    }
  }
  // What takes a machine of run away is another process.
  let left: string[] = [];
  for (let tries = 0; tries < 120; tries += 1) {
    left = (await readdir(path.join(env.MACHINE_STORAGE_PATH, "machines"))).filter(
      (name) => name !== "box" && !name.startsWith(".removing"),
    );
    if (left.length === 0) {
      break;
    }
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
  expectThat(left.length === 0, `${steps} commands that were killed leave no machine: ${left}`);
  await machine("fork", "--rm", "box", "last");
  await look("last");
  await machine("kill", "last");
  expectThat((await templateHashes()) === before, "the template is as it was, byte for byte");
  await machine("restore", "-y", "box");
  expectThat((await machine("ssh", "box", "hostname")).trim() === "box", "box is put back");
}

try {
  await main();
} catch (error) {
  failures.push(String(error));
  console.error(error);
} finally {
  for (const name of await readdir(path.join(env.MACHINE_STORAGE_PATH, "machines")).catch(
    () => [],
  )) {
    if (!name.startsWith(".")) {
      await run([program, "rm", "-f", "-y", name], { env });
    }
  }
  await rm(store, { recursive: true, force: true, maxRetries: 10 });
}
if (failures.length > 0) {
  console.error(`${failures.length} failed:\n${failures.join("\n")}`);
  process.exitCode = 1;
}
