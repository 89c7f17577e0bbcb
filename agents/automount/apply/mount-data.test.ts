import { expect, test } from "vitest";
import { FakeKernel } from "../../kernel/fake-kernel.testing.ts";
import { mountData } from "./mount-data.ts";

const wish = { readOnly: false, damaged: false, discard: false };

/** A kernel that refuses to mount the disk for writing, with that in its log. */
function refusing(...log: string[]): FakeKernel {
  const kernel = new FakeKernel().addBlockDevice("/dev/sde", new Uint8Array(4096));
  kernel.filesystems.set(
    "/dev/sde",
    new FakeKernel().lay({ "/root": null }).tree.get("test", "/root", true),
  );
  kernel.messages = log.map((line, at) => `<3>[    5.00000${at}] ${line}\n`).join("");
  kernel.failOn("mount", /sde/, "EROFS", 1);
  return kernel;
}

test("a feature that the kernel can't write is named, and the disk is mounted read-only", () => {
  const kernel = refusing(
    "EXT4-fs (sde): couldn't mount RDWR because of unsupported optional features (10000)",
    "EXT4-fs (sda1): mounted filesystem",
  );
  const { readOnly, refusal } = mountData(kernel, "/dev/sde", wish);
  expect(readOnly).toBe(true);
  expect(refusal).toMatch(
    /EROFS \(the kernel: couldn't mount RDWR because of unsupported optional features \(10000\)\)$/,
  );
});

test("a refusal without a word of the kernel's is told as it is", () => {
  expect(mountData(refusing(), "/dev/sde", wish).refusal).toMatch(/EROFS/);
});
