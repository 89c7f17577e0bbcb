import { expect, test } from "vitest";
import { architectureOf } from "./architecture.ts";

test.each([
  ["amd64", undefined, "max,erms=off,la57=off"],
  ["amd64", { major: 5, minor: 1 }, "max,erms=off,la57=off"],
  ["arm64", undefined, "max,sve=off"],
  ["arm64", { major: 5, minor: 2 }, "max,sve=off"],
  ["arm64", { major: 6, minor: 2 }, "max,sve=off,pauth-impdef=on"],
  ["arm64", { major: 7, minor: 0 }, "max,sve=off,pauth-impdef=on"],
  ["arm64", { major: 7, minor: 2 }, "max,sve=off,sme=off,pauth-impdef=on,lpa2=off"],
  ["arm64", { major: 10, minor: 0 }, "max,sve=off,sme=off,pauth-impdef=on,lpa2=off"],
] as const)("an emulated %s under release %j is %s", (image, version, cpu) => {
  expect(architectureOf(image).emulatedCpu(version)).toBe(cpu);
});
