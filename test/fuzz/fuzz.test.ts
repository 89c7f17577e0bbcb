import { describe, expect, test } from "vitest";
import { runTarget } from "./run-target.ts";
import { targets } from "./targets.ts";

const timeMs = 700;
/** What a slow host gets to as well. */
const leastInputs = 50;

describe("whatever bytes come from outside", () => {
  test.each(targets)("the reader of $name ends, and keeps its rules", async (target) => {
    const { inputs } = await runTarget(target, timeMs, 1, leastInputs);
    expect(inputs).toBeGreaterThanOrEqual(leastInputs);
  });

  test("a reader that breaks its rules is found out", async () => {
    const careless = {
      name: "careless",
      seeds: [Buffer.from("a harmless text")],
      check(input: Uint8Array) {
        if (input.includes(0xff)) {
          throw new Error("rule broken");
        }
        return true;
      },
    };
    await expect(runTarget(careless, timeMs, 1, 1_000)).rejects.toThrow(
      /rule broken; seed 1, input /,
    );
  });
});
