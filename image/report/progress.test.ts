import { expect, it } from "vitest";
import { megabytes, progressOn } from "./progress.ts";

function recorder(isTTY: boolean) {
  const written: string[] = [];
  let now = 0;
  const output = { isTTY, columns: 20, write: (text: string) => written.push(text) };
  const progress = progressOn(output, () => now);
  const passMs = (ms: number) => {
    now += ms;
  };
  return { written, progress, passMs };
}

it("replaces the live line on a terminal and cuts it to the width", () => {
  const { written, progress, passMs } = recorder(true);
  passMs(100);
  progress.live("x".repeat(50));
  progress.line("done");
  expect(written).toEqual([`\r\x1b[K${"x".repeat(19)}`, "\r\x1b[Kdone\n"]);
});

it("writes plain lines elsewhere, live ones only now and then", () => {
  const { written, progress, passMs } = recorder(false);
  progress.line("begins");
  progress.live("1 %");
  passMs(20_000);
  progress.live("50 %");
  progress.live("51 %");
  expect(written).toEqual(["begins\n", "50 %\n"]);
});

it("counts megabytes by tens", () => {
  expect(megabytes(12_345_678)).toBe("12.3 MB");
});
