import { expect, test } from "vitest";
import { median, medianTimes } from "./measure-boot.ts";

test("the median of an odd number of values is the middle one, whatever their order", () => {
  expect(median([9, 1, 5])).toBe(5);
});

test("the median of an even number of values is the mean of the two in the middle", () => {
  expect(median([8, 1, 2, 100])).toBe(5);
});

test("the medians of several boots are taken for each time on its own", () => {
  const runs = [
    { sshMs: 1, podmanMs: 30, containerMs: 5 },
    { sshMs: 2, podmanMs: 10, containerMs: 7 },
    { sshMs: 9, podmanMs: 20, containerMs: 6 },
  ];
  expect(medianTimes(runs)).toEqual({ sshMs: 2, podmanMs: 20, containerMs: 6 });
});
