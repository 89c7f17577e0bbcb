import { describe, expect, test } from "vitest";
import { FakeKernel } from "../../kernel/fake-kernel.testing.ts";
import { KernelError } from "../../kernel/kernel-error.ts";
import { firstCopy } from "../content/ext4.ts";
import { lookInside } from "./look-inside.ts";

const folder = "/run/boot2podman/look";

/** A machine with a filesystem on /dev/vda1 that holds one file. */
function machine(fault?: { on: string; path: string; code: string }): FakeKernel {
  const kernel = new FakeKernel().lay({ "/run": null });
  if (fault !== undefined) {
    kernel.failOn(fault.on, fault.path, fault.code);
  }
  const inside = new FakeKernel().lay({ "/root/note": "mine" });
  kernel.filesystems.set("/dev/vda1", inside.tree.get("test", "/root", true));
  return kernel;
}

describe("a look into a filesystem", () => {
  test("gives what was found, and takes the filesystem off again", () => {
    const kernel = machine();
    const look = lookInside(kernel, "/dev/vda1", (at) => kernel.readText(`${at}/note`));
    expect(look).toEqual({ found: "mine" });
    expect(kernel.mounts()).toEqual([]);
  });

  test("never replays the journal, and goes by a copy of the superblock where it is told to", () => {
    const kernel = machine();
    const options = () => kernel.mounts()[0]?.superOptions;
    expect(lookInside(kernel, "/dev/vda1", options)).toEqual({ found: ["noload"] });
    const copies: [number, string][] = [
      [4096, "sb=131072"],
      [1024, "sb=8193"],
    ];
    for (const [blockBytes, option] of copies) {
      expect(lookInside(kernel, "/dev/vda1", options, firstCopy({ blockBytes }))).toEqual({
        found: ["noload", option],
      });
    }
  });

  test("gives what the kernel refuses, when mounting or inside", () => {
    const kernel = machine({ on: "read", path: `${folder}/note`, code: "EIO" });
    const read = (at: string) => kernel.read(`${at}/note`);
    expect(lookInside(kernel, "/dev/vda1", read)).toMatchObject({ refused: { code: "EIO" } });
    expect(kernel.mounts()).toEqual([]);
    const unmountable = machine({ on: "mount", path: folder, code: "EUCLEAN" });
    expect(lookInside(unmountable, "/dev/vda1", read)).toMatchObject({
      refused: { code: "EUCLEAN" },
    });
  });

  test("lets a mistake of ours through, and a filesystem that doesn't come off", () => {
    const kernel = machine();
    const mistaken = () => {
      throw new TypeError("undefined is not a function");
    };
    expect(() => lookInside(kernel, "/dev/vda1", mistaken)).toThrow(TypeError);
    expect(kernel.mounts()).toEqual([]);
    const stuck = machine({ on: "unmount", path: folder, code: "EBUSY" });
    expect(() => lookInside(stuck, "/dev/vda1", () => true)).toThrow(KernelError);
  });
});
