import { oneLine } from "../command/one-line.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { KernelError } from "../kernel/kernel-error.ts";
import type { HostKey } from "./host-keys.ts";
import { makeHostKey } from "./make-host-key.ts";
import { type KeyStep, stepText } from "./plan.ts";
import { keepKey, putAside, type Store, serveKey } from "./store.ts";

/** What came of making and storing host keys. */
export interface HostKeysApplied {
  /** What people should know: keys replaced, keys that could not be stored. */
  warnings: string[];
  /** The keys that are made in the background; never rejects. */
  later: Promise<void>;
}

/** Brings the host keys in place. Throws when not even one can be made for sshd. */
export async function applyHostKeys(
  kernel: Kernel,
  store: Store,
  steps: readonly KeyStep[],
  done: string[],
): Promise<HostKeysApplied> {
  const warnings: string[] = [];
  for (const step of steps) {
    if (step.do === "use") {
      serveKey(kernel, step.key);
    }
    if (step.do === "put-aside") {
      setAside(kernel, store, step, warnings);
    }
    if (step.do !== "make") {
      done.push(stepText(step));
    }
  }
  const makes = steps.filter((step) => step.do === "make");
  const now = makes.filter(({ when }) => when === "before-sshd");
  const results = await Promise.allSettled(now.map((step) => make(kernel, store, step, warnings)));
  const failures: unknown[] = [];
  for (const [index, result] of results.entries()) {
    const step = now[index];
    if (result.status === "rejected") {
      failures.push(result.reason);
    } else if (step !== undefined) {
      done.push(stepText(step));
    }
  }
  const served = steps.some((step) => step.do === "use") || failures.length < now.length;
  if (!served) {
    throw failures[0];
  }
  for (const failure of failures) {
    warnings.push(oneLine(failure));
  }
  return { warnings, later: makeLater(kernel, store, makes, done) };
}

/** One after the other, and after everything else that wants the processor: the boot, and whoever logs in. */
async function makeLater(
  kernel: Kernel,
  store: Store,
  makes: readonly Extract<KeyStep, { do: "make" }>[],
  done: string[],
): Promise<void> {
  const warnings: string[] = [];
  for (const step of makes.filter(({ when }) => when === "later")) {
    try {
      await make(kernel, store, step, warnings);
      done.push(stepText(step));
    } catch (error) {
      warnings.push(oneLine(error));
    }
  }
  for (const warning of warnings) {
    kernel.tellKernelLog(`sshkeys: ${warning}`);
  }
}

async function make(
  kernel: Kernel,
  store: Store,
  step: Extract<KeyStep, { do: "make" }>,
  warnings: string[],
): Promise<void> {
  const key = await makeHostKey(kernel, step.type, { givesWay: step.when === "later" });
  keep(kernel, store, key, warnings);
  serveKey(kernel, key);
}

/** A full or failing disk must not keep sshd from a key: it then lasts for this boot only. */
function keep(kernel: Kernel, store: Store, key: HostKey, warnings: string[]): void {
  try {
    keepKey(kernel, store, key);
  } catch (error) {
    if (!(error instanceof KernelError)) {
      throw error;
    }
    warnings.push(`the new ${key.type} host key could not be stored: ${error.message}`);
  }
}

function setAside(
  kernel: Kernel,
  store: Store,
  step: Extract<KeyStep, { do: "put-aside" }>,
  warnings: string[],
): void {
  try {
    const name = putAside(kernel, store, step.type, "damaged");
    warnings.push(`the stored ${step.type} host key is replaced and kept as ${name}: ${step.why}`);
  } catch (error) {
    if (!(error instanceof KernelError)) {
      throw error;
    }
    warnings.push(`the stored ${step.type} host key is not used: ${step.why}; ${error.message}`);
  }
}
