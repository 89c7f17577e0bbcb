import { describe, expect, test } from "vitest";
import { FakeKernel } from "../../kernel/fake-kernel.ts";
import { defaultBootOptions } from "../boot-options.ts";
import { planHostname } from "./plan-hostname.ts";
import { hostnameStage } from "./stage.ts";

describe("planHostname", () => {
  test.each([
    ["opt", "disk", "img", "opt", "boot option"],
    [undefined, "disk\n", "img", "disk", "data disk"],
    [undefined, undefined, "img\n", "img", "image"],
    [undefined, "\n", "", "box", "default"],
    [undefined, undefined, undefined, "box", "default"],
  ])("of option %j, disk %j and image %j it takes %s", (option, stored, image, name, from) => {
    expect(planHostname({ option, stored, image })).toEqual({ name, from, complaints: [] });
  });

  test("passes a stored name over that is none, and says so", () => {
    const plan = planHostname({ option: undefined, stored: "$(reboot)", image: "img" });
    expect(plan).toMatchObject({
      name: "img",
      complaints: ['"$(reboot)" (data disk) is no host name'],
    });
  });
});

describe("the stage", () => {
  const notes = { observed: null, plan: null, done: [] };
  const context = (kernel: FakeKernel) => ({ kernel, options: defaultBootOptions, notes });

  test("sets the name, and that the host finds itself by it", async () => {
    const kernel = new FakeKernel().lay({
      "/var/lib/boot2podman/etc/hostname": "web\n",
      "/etc": null,
    });
    const outcome = await hostnameStage(undefined).run(context(kernel));
    expect(outcome.message).toBe("web (data disk)");
    expect(kernel.hostname()).toBe("web");
    expect(kernel.readText("/etc/hostname")).toBe("web\n");
    expect(kernel.readText("/etc/hosts")).toBe(
      "127.0.0.1\tlocalhost web\n::1\tlocalhost ip6-localhost\n",
    );
  });

  test("in the plain way has the name that clients expect", async () => {
    const kernel = new FakeKernel();
    await hostnameStage(undefined).rescue?.(context(kernel));
    expect(kernel.hostname()).toBe("box");
  });

  test("waits for the data disk with little patience, and not at all when the option decides", () => {
    expect(hostnameStage(undefined).hopes?.for).toEqual(["automount"]);
    expect(hostnameStage(undefined).needs).toEqual([]);
    expect(hostnameStage("opt").hopes).toBeUndefined();
  });

  test("doesn't follow a link that somebody put in the name's place", async () => {
    const kernel = new FakeKernel().lay({
      "/var/lib/boot2podman/etc": null,
      "/etc/shadow": "secret",
    });
    kernel.symlink("/etc/shadow", "/var/lib/boot2podman/etc/hostname");
    await expect(hostnameStage(undefined).run(context(kernel))).rejects.toThrow("ELOOP");
  });
});
