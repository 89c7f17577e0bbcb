import { describe } from "vitest";
import { busTests } from "./disks/buses.ts";
import { keyTests } from "./disks/keys.ts";
import { powerCutTests } from "./disks/power-cuts.ts";
import { featuresTests, foreignTableTests, untouchedTests } from "./disks/theirs.ts";

describe("a machine with a blank disk on every bus", () => {
  keyTests();
  untouchedTests();
  featuresTests();
  powerCutTests();
  busTests();
  foreignTableTests();
});
