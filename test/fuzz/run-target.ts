import { Mutator } from "./mutate.ts";
import type { Target } from "./target.ts";

/** No input of the sizes used here may keep a reader busy for longer: CPU time, since a host may have other work. */
const longestMs = 2_000;

/** What a run over one target came to. */
export interface Figures {
  inputs: number;
  /** Inputs that the reader took for good. */
  taken: number;
  slowestMs: number;
}

/**
 * Gives a target changed inputs until it has had so much CPU time and at least so many inputs. Throws at the first that breaks a rule, with the input in
 * base64, which `check` takes again.
 */
export async function runTarget(
  target: Target,
  timeMs: number,
  seed: number,
  leastInputs: number,
): Promise<Figures> {
  const mutator = new Mutator(seed, target.seeds);
  const figures: Figures = { inputs: 0, taken: 0, slowestMs: 0 };
  for (const seedInput of target.seeds) {
    await target.check(seedInput);
  }
  const endMs = cpuMs() + timeMs / (target.costs ?? 1);
  for (let before = cpuMs(); before < endMs || figures.inputs < leastInputs; ) {
    const input = mutator.next();
    try {
      if (await target.check(input)) {
        figures.taken += 1;
      }
    } catch (error) {
      const base64 = Buffer.from(input).toString("base64");
      const why = error instanceof Error ? error.message : String(error);
      throw new Error(`${target.name}: ${why}; seed ${seed}, input ${base64}`, { cause: error });
    }
    const after = cpuMs();
    figures.slowestMs = Math.max(figures.slowestMs, after - before);
    figures.inputs += 1;
    before = after;
  }
  if (figures.slowestMs > longestMs) {
    throw new Error(`${target.name}: one input took ${figures.slowestMs.toFixed(0)} ms`);
  }
  return figures;
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
