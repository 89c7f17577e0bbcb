import { runProgram } from "../../program/run.ts";
import type { Settings } from "../../store/driver-config.ts";

const trialTimeoutMs = 10_000;

/** What decides how QEMU confines itself. */
export interface SandboxFacts {
  /** Whether this QEMU was built with it. */
  readonly isSupported: boolean;
  readonly network: Settings<"qemu">["Network"];
  readonly isRoot: boolean;
  /** Whether it shows a window. */
  readonly hasDisplay: boolean;
}

/**
 * The system calls that QEMU denies itself (qemu(1), -sandbox), as strictly as the machine allows:
 * - "spawn" and "elevateprivileges" can't be denied: going to the background takes fork and setsid.
 * - Libraries for windows set priorities of their threads.
 * - The filter takes from every child what setuid would give it, so an ordinary user's bridge helper
 *   could not work.
 * Without any, the words are none.
 */
export function sandboxArguments(facts: SandboxFacts): string[] {
  if (!facts.isSupported || (facts.network === "bridge" && !facts.isRoot)) {
    return [];
  }
  return ["-sandbox", `on,obsolete=deny${facts.hasDisplay ? "" : ",resourcecontrol=deny"}`];
}

/** Whether a QEMU knows the option; one that was built without says so and fails. */
export async function canSandbox(program: string): Promise<boolean> {
  const words = ["-sandbox", "on", "--version"];
  return (await runProgram(program, words, { timeoutMs: trialTimeoutMs })).exitCode === 0;
}
