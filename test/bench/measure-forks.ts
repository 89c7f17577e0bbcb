import { makeBox } from "../forks/box.ts";
import { makeLaboratory } from "../forks/laboratory.ts";
import { measureForks } from "../forks/parts/figures.ts";

/** Forks and containers in machines of their own beside the boots that they save, in seconds, and each one's share. */
export async function forksResult(runs: number) {
  const laboratory = await makeLaboratory();
  try {
    const box = await makeBox(laboratory);
    const { figures, all } = await measureForks(laboratory, runs);
    const share = (value: number, of: number) => Number((value / of).toFixed(3));
    return {
      ...{ box, figures, runs: all },
      shares: {
        agent: share(figures.agent, box.create),
        greeting: share(figures.greeting, box.create),
        run: share(figures.run, box.create + box.container),
      },
    };
  } finally {
    await laboratory.dispose();
  }
}
