import * as fs from "node:fs";
import * as os from "node:os";
import { KernelError } from "../kernel-error.ts";
import { type Processes, type RunOptions, scrubbedEnvironment } from "../processes.ts";
import { orStuck, overText } from "../quiet.ts";
import { asKernelError, attempt } from "./attempt.ts";
import { linuxFiles } from "./linux-files.ts";
import { openRegular } from "./no-follow.ts";

const defaultTimeout = { quietMs: 60_000 };

/** The real thing, by Linux's system calls. */
export const linuxProcesses: Processes = {
  async run(argv, options = {}) {
    const child = start(argv, options);
    if (options.givesWay) {
      giveWay(child.pid);
    }
    const limit = options.timeoutMs ?? defaultTimeout;
    const startedMs = performance.now();
    // Output can stay open behind a process that has ended (a daemon that it left), so that the deadline
    // is for the output too.
    const finished = Promise.all([
      child.exited,
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
    ]);
    const [exitCode, stdout, stderr] = await orStuck(linuxFiles, finished, limit, (over): never => {
      child.kill("SIGKILL");
      const detail = overText(over, limit, performance.now() - startedMs);
      throw new KernelError("run", argv.join(" "), "ETIMEDOUT", { detail });
    });
    return { exitCode, stdout, stderr };
  },

  spawn(argv, options = {}) {
    const { logPath } = options;
    const log =
      logPath === undefined
        ? undefined
        : openRegular(
            "open",
            logPath,
            fs.constants.O_WRONLY | fs.constants.O_APPEND | fs.constants.O_CREAT,
          );
    try {
      const output = log ?? "ignore";
      const inherited = options.fd3 === undefined ? [] : [options.fd3];
      const child = starting(argv, () =>
        Bun.spawn([...argv], {
          stdio: ["ignore", output, output, ...inherited],
          detached: true,
          ...settings(options),
        }),
      );
      child.unref();
      return { pid: child.pid, exited: child.exited, kill: (signal) => child.kill(signal) };
    } finally {
      if (log !== undefined) {
        fs.closeSync(log);
      }
    }
  },

  signal(pid, signal) {
    try {
      process.kill(pid, signal);
      return true;
    } catch (error) {
      const refusal = asKernelError(`send ${signal} to`, `process ${pid}`, error);
      if (refusal.code === "ESRCH") {
        return false;
      }
      throw refusal;
    }
  },
};

function start(argv: readonly string[], options: RunOptions) {
  const stdin = typeof options.stdin === "string" ? Buffer.from(options.stdin) : options.stdin;
  return starting(argv, () =>
    Bun.spawn([...argv], {
      stdin: stdin ?? "ignore",
      stdout: "pipe",
      stderr: "pipe",
      // In a session of its own, since the kernel weighs sessions first: see `giveWay`.
      detached: options.givesWay ?? false,
      ...settings(options),
    }),
  );
}

let isSpared = false;

/** To be called when this process is spared when memory runs out: its children aren't to inherit that. */
export function resetOomScoreOfChildren(): void {
  isSpared = true;
}

function resetOomScore(pid: number): void {
  if (!isSpared) {
    return;
  }
  try {
    fs.writeFileSync(`/proc/${pid}/oom_score_adj`, "0\n");
  } catch (error) {
    // It may have ended.
    if (!["ENOENT", "ESRCH"].includes(asKernelError("write", "oom_score_adj", error).code)) {
      throw error;
    }
  }
}

/** A tenth of an ordinary process's share: little, but enough to come to an end beside a busy one. */
const niceness = 10;

/** When memory runs out, it goes before containers (500, containers.conf): it can be done again. */
const oomScore = 900;

/**
 * Lets a process that leads a session of its own give way to others. Its nice value counts beside processes of the
 * same session only; beside others, that of the session does (sched(7), "The autogroup feature").
 */
function giveWay(pid: number): void {
  try {
    os.setPriority(pid, niceness);
    fs.writeFileSync(`/proc/${pid}/oom_score_adj`, `${oomScore}\n`);
    fs.writeFileSync(`/proc/${pid}/autogroup`, `${niceness}\n`);
  } catch (error) {
    // It may have ended, and a kernel may be built without sessions' groups.
    const { code } = asKernelError("lower the priority of", `process ${pid}`, error);
    if (!["ENOENT", "ESRCH"].includes(code)) {
      throw error;
    }
  }
}

function settings({ env, cwd, owner }: RunOptions) {
  return {
    env: { ...(env ?? scrubbedEnvironment) },
    cwd: cwd ?? "/",
    ...(owner === undefined ? {} : { uid: owner.uid, gid: owner.gid }),
  };
}

function starting<T extends { pid: number }>(argv: readonly string[], call: () => T): T {
  const child = attempt("start", argv.join(" "), call);
  resetOomScore(child.pid);
  return child;
}
