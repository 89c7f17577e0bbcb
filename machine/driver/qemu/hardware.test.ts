import { expect, test } from "vitest";
import { checkHardware } from "./hardware.ts";

const saved = { "QEMU version": "7.2.22 (Debian)", accelerator: "tcg", memory: "1024" };

test("the same hardware is taken", () => {
  expect(() => checkHardware("box", saved, { ...saved })).not.toThrow();
});

test.each([
  [{ ...saved, memory: "512" }, "this differs: memory (1024; here 512)"],
  [
    { ...saved, accelerator: "kvm", "host processor": "x" },
    "accelerator (tcg; here kvm), host processor (none; here x)",
  ],
  [{ accelerator: "tcg", memory: "1024" }, "QEMU version (7.2.22 (Debian); here none)"],
])("what differs is named with both values: %j", (here, words) => {
  expect(() => checkHardware("box", saved, here)).toThrow(words);
});
