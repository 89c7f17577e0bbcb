import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { isVirtualMachine } from "../hypervisor/virtual-machine.ts";
import { FakeKernel } from "../kernel/fake-kernel.testing.ts";
import { boot2podman, type Flavour, stateOnDisk } from "./flavour.ts";
import { parseFlavour } from "./flavour-file.ts";
import { flavourPath, readFlavour } from "./read-flavour.ts";

const docker: Flavour = {
  ...boot2podman,
  name: "boot2docker",
  label: "boot2docker-data",
  magic: "boot2docker, please format-me",
  stateFolder: "/var/lib/boot2docker",
};

describe("the flavour", () => {
  test("as shipped keeps to its own rules: a label that ext4 doesn't cut (accident 1)", () => {
    expect(parseFlavour(JSON.stringify(boot2podman))).toEqual(boot2podman);
    expect([boot2podman.label.length, boot2podman.magic.length]).toEqual([16, 29]);
  });

  test("of the image with Docker is right, and its state lies on the disk where boot2docker had it", () => {
    const file = new URL("../../image/docker/usr/share/boot2podman/flavour.json", import.meta.url);
    const flavour = parseFlavour(readFileSync(file, "utf8"));
    expect(flavour.label).toBe(docker.label);
    expect(flavour.magic).toBe(docker.magic);
    expect(stateOnDisk(flavour)).toBe("var/lib/boot2docker");
    expect(stateOnDisk(boot2podman)).toBe("var/lib/boot2podman");
  });

  test("comes from the image's file, the user's account from /etc/passwd", async () => {
    const kernel = new FakeKernel().lay({
      [flavourPath]: JSON.stringify(docker),
      "/etc/passwd": "tc:x:1007:57:me:/home/tc:/bin/sh\n",
    });
    const user = { name: "tc", uid: 1007, gid: 57, home: "/home/tc" };
    expect(await readFlavour(kernel)).toEqual({ ...docker, user });
  });

  test.each([
    ["a label longer than 16 characters", { ...docker, label: "boot2docker-data1" }],
    ["a magic that every disk could start with", { ...docker, magic: "x" }],
    [
      "a folder that leads upwards",
      { ...docker, binds: [{ from: "../x", to: "/x", owner: "root", mode: 0 }] },
    ],
    ["nothing", {}],
  ])("with %s is refused, and no disk touched", async (_, flavour) => {
    const kernel = new FakeKernel().lay({ [flavourPath]: JSON.stringify(flavour) });
    await expect(readFlavour(kernel)).rejects.toThrow("no disk is touched");
  });

  test("that is no JSON is refused in one line", async () => {
    const kernel = new FakeKernel().lay({ [flavourPath]: "{" });
    await expect(readFlavour(kernel)).rejects.toThrow(
      /^flavour file .* can't be parsed .* no disk is touched$/,
    );
  });
});

describe("a virtual machine", () => {
  test.each([
    ["a CPU flag", { "/proc/cpuinfo": "flags\t\t: fpu vme hypervisor lahf_lm\n" }],
    ["its maker", { "/sys/class/dmi/id/sys_vendor": "QEMU\n" }],
    ["its product", { "/sys/class/dmi/id/product_name": "VirtualBox\n" }],
    ["its device tree", { "/sys/firmware/devicetree/base/compatible": "linux,dummy-virt\0" }],
  ])("is known by %s", (_, files) => {
    expect(isVirtualMachine(new FakeKernel().lay(files))).toBe(true);
  });

  test("is not assumed", () => {
    const files = {
      "/proc/cpuinfo": "flags\t\t: fpu vme\nmodel name: hypervisor-like\n",
      "/sys/class/dmi/id/sys_vendor": "LENOVO\n",
    };
    expect(isVirtualMachine(new FakeKernel().lay(files))).toBe(false);
  });
});
