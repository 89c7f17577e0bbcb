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

/** The groups of system calls that QEMU can deny itself (qemu(1), -sandbox). */
const groups = ["obsolete", "elevateprivileges", "spawn", "resourcecontrol"] as const;
type Group = (typeof groups)[number];

/** What a machine needs of its QEMU that takes away from what can be denied. */
type Need = "window" | "bridge helper" | "setuid bridge helper";

/** The groups that each need leaves allowed; nothing else that a machine has needs any of them. */
const allowedFor: Readonly<Record<Need, readonly Group[]>> = {
  // Its libraries may start programs, such as the desktop's bus. That they can't set priorities does no harm.
  window: ["spawn"],
  // QEMU starts it.
  "bridge helper": ["spawn"],
  // Any filter takes from every child what setuid would give it: an ordinary user's helper could not work.
  "setuid bridge helper": groups,
};

/**
 * The words with which QEMU denies itself system calls, as strictly as the machine allows; none where it can deny
 * nothing.
 */
export function sandboxArguments(facts: SandboxFacts): string[] {
  const allowed = new Set(needsOf(facts).flatMap((need) => allowedFor[need]));
  const denied = groups.filter((group) => !allowed.has(group));
  if (!facts.isSupported || denied.length === 0) {
    return [];
  }
  return ["-sandbox", ["on", ...denied.map((group) => `${group}=deny`)].join(",")];
}

function needsOf({ network, isRoot, hasDisplay }: SandboxFacts): Need[] {
  const needs: Need[] = hasDisplay ? ["window"] : [];
  if (network === "bridge") {
    needs.push(isRoot ? "bridge helper" : "setuid bridge helper");
  }
  return needs;
}

/** Whether a QEMU knows the option; one that was built without says so and fails. */
export async function canSandbox(program: string): Promise<boolean> {
  const words = ["-sandbox", "on", "--version"];
  return (await runProgram(program, words, { timeoutMs: trialTimeoutMs })).exitCode === 0;
}
