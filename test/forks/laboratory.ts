import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { type Result, run } from "../vm/harness/run.ts";

const program = path.resolve(import.meta.dirname, "../../machine/podman-machine");
/** A machine is made and boots within one command, on a busy host too. */
const commandTimeoutMs = 1_800_000;

/** A store of its own in which machines are made, saved and forked, and what was found wrong. */
export interface Laboratory {
  readonly store: string;
  /** For the commands; a part may put programs before the host's own into its PATH. */
  readonly env: Record<string, string | undefined>;
  readonly failures: string[];
  /** Runs podman-machine and returns what it printed; throws when it fails. */
  machine(...words: string[]): Promise<string>;
  /** The same with whatever end. */
  attempt(words: readonly string[], input?: string): Promise<Result>;
  /** Starts it, for signals; nobody reads what it prints. */
  start(...words: string[]): ChildProcess;
  expectThat(isTrue: boolean, what: string): void;
  /** The names of the machines there. */
  machines(): Promise<string[]>;
  /** The folder of a machine. */
  folder(name: string): string;
  /** The process of a machine's QEMU. */
  pidOf(name: string): Promise<number>;
  dispose(): Promise<void>;
}

/** Makes one. */
export async function makeLaboratory(): Promise<Laboratory> {
  const home = await mkdtemp(path.join(tmpdir(), "b2p-forks-"));
  const store = path.join(home, "store");
  const env = { ...process.env, HOME: home, MACHINE_STORAGE_PATH: store };
  const failures: string[] = [];
  const folder = (name: string) => path.join(store, "machines", name);
  const attempt: Laboratory["attempt"] = (words, input) =>
    run([program, ...words], {
      env,
      timeoutMs: commandTimeoutMs,
      ...(input === undefined ? {} : { input }),
    });
  const machines = async () =>
    (await readdir(path.join(store, "machines")).catch(() => [])).filter(
      (name) => !name.startsWith(".removing"),
    );
  return {
    store,
    env,
    failures,
    attempt,
    machines,
    folder,
    async machine(...words) {
      const { exitCode, stdout, stderr } = await attempt(words);
      if (exitCode !== 0) {
        throw new Error(`podman-machine ${words.join(" ")}: ${stderr.trim()}`);
      }
      return stdout;
    },
    start: (...words) => spawn(program, words, { env, stdio: "ignore" }),
    expectThat(isTrue, what) {
      console.log(`${isTrue ? "ok    " : "FAILED"} ${what}`);
      if (!isTrue) {
        failures.push(what);
      }
    },
    pidOf: async (name) => Number(await readFile(path.join(folder(name), "qemu.pid"), "utf8")),
    async dispose() {
      for (const name of await machines()) {
        await run([program, "rm", "-f", "-y", name], { env });
      }
      await rm(home, { recursive: true, force: true, maxRetries: 10 });
    },
  };
}

/** Waits until only these machines are there: what takes others away is another process. */
export async function onlyThere(
  { machines }: Laboratory,
  ...names: string[]
): Promise<readonly string[]> {
  for (let tries = 0; ; tries += 1) {
    const left = (await machines()).filter((name) => !names.includes(name));
    if (left.length === 0 || tries === 600) {
      return left;
    }
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
}

/** Kills a command with -9 after so long, unless it has ended. */
export async function killedAfter(
  { start }: Laboratory,
  ms: number,
  ...words: string[]
): Promise<void> {
  const child = start(...words);
  const ended = once(child, "exit");
  const timer = setTimeout(() => child.kill("SIGKILL"), ms);
  await ended;
  clearTimeout(timer);
}

/** How long work takes. */
export async function timed<T>(work: () => Promise<T>): Promise<{ value: T; seconds: number }> {
  const startedMs = performance.now();
  const value = await work();
  return { value, seconds: (performance.now() - startedMs) / 1000 };
}

/** For people. */
export function inSeconds(value: number): string {
  return `${value.toFixed(1)} s`;
}

/** The one in the middle. */
export function median(all: readonly number[]): number {
  return all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)] ?? 0;
}
