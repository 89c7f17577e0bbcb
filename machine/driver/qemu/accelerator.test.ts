import { expect, test } from "vitest";
import { darwin } from "../../host-system/darwin.ts";
import { acceleratorArguments, chooseAccelerator, type KvmFacts } from "./accelerator.ts";

test("KVM that works is used without a word", () => {
  expect(chooseAccelerator("auto", { kind: "works" })).toEqual({ accelerator: "kvm" });
  expect(chooseAccelerator("kvm", { kind: "works" })).toEqual({ accelerator: "kvm" });
});

test("on macOS its own framework is used", () => {
  expect(chooseAccelerator("auto", { kind: "works" }, darwin)).toEqual({ accelerator: "hvf" });
  expect(acceleratorArguments("hvf", "max")).toEqual(["-accel", "hvf", "-cpu", "host"]);
  expect(chooseAccelerator("auto", { kind: "absent" }, darwin).note).toMatch(
    /^This Mac has no Hypervisor framework/,
  );
});

const slower = "this machine runs by software emulation, which is several times slower.";
const cases: [KvmFacts, string][] = [
  [{ kind: "absent" }, "There is no /dev/kvm here"],
  [{ kind: "denied" }, "/dev/kvm can't be opened (add yourself to the group kvm)"],
  [{ kind: "foreign" }, "The image is for another processor than the host's"],
  [
    { kind: "broken", reason: "no answer within 3 s" },
    "KVM exists but runs no guest (no answer within 3 s)",
  ],
];

test.each(cases)("with KVM %j the emulation is used, and it is said", (facts, reason) => {
  expect(chooseAccelerator("auto", facts)).toEqual({
    accelerator: "tcg",
    note: `${reason}: ${slower}`,
  });
});

test.each(cases)("with KVM %j a machine that was to use it is refused", (facts, reason) => {
  expect(() => chooseAccelerator("kvm", facts)).toThrow(
    new RegExp(`^KVM was asked for, but .*${reason.slice(1, 12)}`),
  );
});

test("the guest's processor has what its programs need", () => {
  expect(acceleratorArguments("kvm", "max")).toEqual(["-accel", "kvm", "-cpu", "host"]);
  expect(acceleratorArguments("tcg", "max,erms=off")).toEqual([
    "-accel",
    "tcg,thread=single",
    "-cpu",
    "max,erms=off",
  ]);
  expect(acceleratorArguments("tcg", "max", "multi")[1]).toBe("tcg,thread=multi");
});
