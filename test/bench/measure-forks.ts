import { loadavg } from "node:os";
import { makeBox } from "../forks/box.ts";
import { makeLaboratory } from "../forks/laboratory.ts";
import { measureForks } from "../forks/parts/figures.ts";

type ForksResult = Awaited<ReturnType<typeof forksResult>>;

/** Forks and containers in machines of their own beside the boots that they save, in seconds, and each one's share. */
export async function forksResult(runs: number) {
  const laboratory = await makeLaboratory();
  try {
    const save = await makeBox(laboratory);
    const { figures, all } = await measureForks(laboratory, runs);
    const { create, container } = figures;
    const share = (value: number, of: number) => Number((value / of).toFixed(3));
    return {
      ...{ save, figures, runs: all },
      shares: {
        agent: share(figures.agent, create),
        greeting: share(figures.greeting, create),
        end: share(figures.end, create),
        run: share(figures.run, create + container),
      },
    };
  } finally {
    await laboratory.dispose();
  }
}

/** These alone: two machines at most at a time, some minutes. Prints them with the load that the host has with them. */
export async function benchForks(runs: number): Promise<void> {
  printForks(await forksResult(runs));
  console.log(
    `load of the host, 1 and 5 minutes: ${loadavg()
      .slice(0, 2)
      .map((one) => one.toFixed(1))
      .join(", ")}`,
  );
}

/** For people. */
export function printForks({ save, figures, shares }: ForksResult): void {
  const row = (...cells: Array<string | number>) =>
    console.log(cells.map((cell, index) => String(cell).padEnd(index === 0 ? 34 : 12)).join(""));
  row("\nfork →", "s", `of create, ${figures.create.toFixed(1)} s`);
  row("guest's agent answers", figures.agent.toFixed(1), shares.agent);
  row("SSH greeting", figures.greeting.toFixed(1), shares.greeting);
  row("its end", figures.end.toFixed(1), shares.end);
  const together = (figures.create + figures.container).toFixed(1);
  row("\nrun, image in the template", "s", `of create and podman run, ${together} s`);
  row("its end", figures.run.toFixed(1), shares.run);
  row("\nsave", save.toFixed(1));
}
