import type { Uid } from "./client-root.ts";
import type { Laboratory, ShellOptions } from "./laboratory.ts";

/** One step of a session, and what came of it. */
export interface StepResult {
  session: string;
  step: string;
  /** Undefined: it holds. */
  failure: string | undefined;
  tookMs: number;
}

/** What a step may ask for. */
export interface Asked extends ShellOptions {
  /** What its output must have. */
  expect?: RegExp | string;
  /** Its exit status; 0 without it. */
  status?: number;
}

/** A session can't go on. */
export class MachineAbsentError extends Error {}

/** A session of one of the host's users: steps one after the other, none of which ends it by failing. */
export class Session {
  readonly results: StepResult[] = [];

  constructor(
    private readonly laboratory: Laboratory,
    readonly name: string,
    readonly uid: Uid,
    private readonly say: (line: string) => void,
  ) {}

  /** Starts the machine. Without it the rest makes no sense: throws then. */
  async start(step: string, options: Asked = {}): Promise<void> {
    const expect = 'Machine "box" started successfully';
    await this.step(step, "podman machine start box", { ...options, expect });
    if (this.results.at(-1)?.failure !== undefined) {
      throw new MachineAbsentError(
        `${this.name}: the machine doesn't start; the steps after it were not taken`,
      );
    }
  }

  /** A script whose status and output say whether the step holds. Gives its output. */
  async step(
    step: string,
    script: string,
    { expect, status = 0, ...options }: Asked = {},
  ): Promise<string> {
    const startedMs = Date.now();
    let failure: string | undefined;
    let output = "";
    try {
      const { exitCode, stdout, stderr } = await this.laboratory.shell(this.uid, script, options);
      output = stdout.trim();
      const said = `${stdout}\n${stderr}`;
      if (exitCode !== status) {
        failure = `status ${exitCode}: ${lastLines(said)}`;
      } else if (expect !== undefined && !matches(said, expect)) {
        failure = `expected ${expect}, found ${lastLines(said)}`;
      }
    } catch (error) {
      failure = error instanceof Error ? lastLines(error.message) : String(error);
    }
    const result = { session: this.name, step, failure, tookMs: Date.now() - startedMs };
    this.results.push(result);
    this.say(lineOf(result));
    return output;
  }
}

function matches(said: string, expected: RegExp | string): boolean {
  return typeof expected === "string"
    ? said.trim().split("\n").includes(expected)
    : expected.test(said);
}

function lastLines(text: string): string {
  return text.trim().split("\n").slice(-4).join(" | ").slice(-500);
}

/** "✔ uid 1000: start  61.2 s" */
export function lineOf({ session, step, failure, tookMs }: StepResult): string {
  const seconds = `${(tookMs / 1000).toFixed(1)} s`.padStart(8);
  return `${failure === undefined ? "ok    " : "FAILED"} ${seconds}  ${session}: ${step}${failure === undefined ? "" : `: ${failure}`}`;
}
