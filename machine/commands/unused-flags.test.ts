import { Command } from "commander";
import { expect, test } from "vitest";
import { allDrivers } from "../driver/drivers.ts";
import { addOtherFlags } from "./create-others.ts";
import { addQemuFlags } from "./create-qemu.ts";
import { declaredBy, longName } from "./unused-flags.ts";

const command = new Command();
const declared = [addQemuFlags, addOtherFlags]
  .flatMap((add) => declaredBy(command, add))
  .map(longName);

test("each flag of create is one that some driver makes use of", () => {
  const used = new Set([...allDrivers("/s").values()].flatMap((driver) => driver.flags));
  expect(declared.filter((flag) => !used.has(flag))).toEqual([]);
});

test.each([...allDrivers("/s")])(
  "%s names no flag that there isn't, and none twice",
  (_, driver) => {
    expect(driver.flags.filter((flag) => !declared.includes(flag))).toEqual([]);
    expect(driver.flags.length).toBe(new Set(driver.flags).size);
  },
);
