// npm run fuzz [-- SECONDS [SEED]]: each reader of data from outside for so long (60 s), with figures.
import { runTarget } from "./run-target.ts";
import { targets } from "./targets.ts";

const seconds = Number(process.argv[2] ?? 60);
const seed = Number(process.argv[3] ?? Date.now() % 2 ** 32);
console.log(`${targets.length} readers, ${seconds} s each, seed ${seed}`);
for (const target of targets) {
  const { inputs, taken, slowestMs } = runTarget(target, seconds * 1000, seed, 1);
  console.log(
    `${target.name}: ${inputs} inputs, ${taken} of them taken, the slowest ${slowestMs.toFixed(1)} ms`,
  );
}
