// npm run fuzz [-- SECONDS [SEED [INPUTS [NAME]]]]: each reader of data from outside, or those with NAME in their names,
// for so long (60 s), and until it has had so many inputs (0), with figures.
import { runTarget } from "./run-target.ts";
import { targets } from "./targets.ts";

const [seconds = 60, seed = Date.now() % 2 ** 32, inputsAsked = 0] = process.argv
  .slice(2, 5)
  .map(Number);
const name = process.argv[5] ?? "";
const chosen = targets.filter((target) => target.name.includes(name));
console.log(`${chosen.length} readers, ${seconds} s each, seed ${seed}`);
for (const target of chosen) {
  const least = Math.max(1, inputsAsked);
  const { inputs, taken, slowestMs } = await runTarget(target, seconds * 1000, seed, least);
  console.log(
    `${target.name}: ${inputs} inputs, ${taken} of them taken, the slowest ${slowestMs.toFixed(1)} ms`,
  );
  const parts = [...(target.reached ?? [])].toSorted(([, one], [, other]) => one - other);
  if (parts.length > 0) {
    const [least, most] = [parts[0], parts.at(-1)].map((part) => part?.join(" "));
    console.log(`  ${parts.length} parts of it were reached: ${least} times to ${most} times`);
  }
}
