import { availableParallelism } from "node:os";
import type { Command } from "commander";
import { UsageError } from "../error/machine-error.ts";
import { endContainers, forkMachine, freeNames } from "../life/fork.ts";
import { introduce } from "../life/introduce.ts";
import { defaultName } from "../store/name.ts";
import { wholeNumber } from "./arguments.ts";
import type { Context } from "./context.ts";

interface Flags {
  number?: number;
  sameKeys: boolean;
  rm: boolean;
  stopped: boolean;
}

/** `fork`: machines that go on from a template. */
export function addFork(program: Command, context: Context): void {
  program
    .command("fork")
    .description(
      "Make machines that go on from a template, each with a disk and an identity of its own",
    )
    .argument("[template]", `name of the template (default: "${defaultName}")`)
    .argument("[names...]", "names of the machines (default: TEMPLATE-1, TEMPLATE-2, ...)")
    .option("-n, --number <count>", "how many machines", wholeNumber(1, 1000))
    .option("--same-keys", "keep the template's SSH host keys", false)
    .option("--rm", "remove each as soon as it is off", false)
    .option("--stopped", "end the containers that run in the template", false)
    .action(async (template: string | undefined, names: string[], flags: Flags) => {
      await fork(context, template ?? defaultName, names, flags);
    });
}

async function fork(
  context: Context,
  template: string,
  given: readonly string[],
  flags: Flags,
): Promise<void> {
  if (given.length > 0 && flags.number !== undefined) {
    throw new UsageError("Names and --number exclude one another.");
  }
  const host = context.host();
  const names = given.length > 0 ? given : await freeNames(host, template, flags.number ?? 1);
  // More at once than there are processors end no earlier, and the first of them later.
  await eachAtOnce(names, availableParallelism(), async (name) => {
    const startedMs = performance.now();
    const machine = await forkMachine(host, template, name, {
      sameKeys: flags.sameKeys,
      hasAgent: true,
      removeAtEnd: flags.rm,
    });
    if (flags.stopped) {
      await endContainers(host, machine);
    }
    await introduce(host, machine);
    const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
    context.terminal.out(`Machine "${name}" goes on from "${template}", after ${seconds} s.`);
  });
}

/** Does work with each of them, as many at once. After a failure no further one is begun, and it is thrown. */
async function eachAtOnce(
  names: readonly string[],
  most: number,
  work: (name: string) => Promise<void>,
): Promise<void> {
  const left = [...names];
  const workers = Array.from({ length: Math.min(most, names.length) }, async () => {
    for (let name = left.shift(); name !== undefined; name = left.shift()) {
      try {
        await work(name);
      } catch (error) {
        left.length = 0;
        throw error;
      }
    }
  });
  const failed = (await Promise.allSettled(workers)).find(({ status }) => status === "rejected");
  if (failed?.status === "rejected") {
    throw failed.reason;
  }
}
