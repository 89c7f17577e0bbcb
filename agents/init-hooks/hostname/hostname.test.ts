import { describe, expect, test } from "vitest";
import { FakeKernel } from "../../kernel/fake-kernel.testing.ts";
import { defaultBootOptions } from "../../settings/boot-options.ts";
import { planHostname } from "./plan-hostname.ts";
import { hostnameStage, nameByDhcp, nameLate } from "./stage.ts";

describe("planHostname", () => {
  test.each([
    ["opt", "disk", "img", "opt", "host="],
    [undefined, "disk\n", "img", "disk", "data disk"],
    [undefined, undefined, "img\n", "img", "image"],
    [undefined, "\n", "", "box", "default"],
    [undefined, undefined, undefined, "box", "default"],
  ])("of option %j, disk %j and image %j it takes %s", (option, stored, image, name, from) => {
    expect(planHostname({ option, stored, image })).toEqual({ name, from, warnings: [] });
  });

  test("of a NoCloud disk beats the image's name, and loses against the others", () => {
    const facts = { option: undefined, stored: undefined, noCloud: "cloud", image: "img" };
    expect(planHostname(facts)).toMatchObject({ name: "cloud", from: "NoCloud disk" });
    expect(planHostname({ ...facts, stored: "disk" })).toMatchObject({ name: "disk" });
  });

  test("passes a stored name over that is none, and says so", () => {
    const plan = planHostname({ option: undefined, stored: "$(reboot)", image: "img" });
    expect(plan).toMatchObject({
      name: "img",
      warnings: ['"$(reboot)" (data disk) is not a host name'],
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
    const outcome = await hostnameStage(false).run(context(kernel));
    expect(outcome.message).toBe("web (data disk)");
    expect(kernel.hostname()).toBe("web");
    expect(kernel.readText("/etc/hostname")).toBe("web\n");
    expect(kernel.readText("/etc/hosts")).toBe(
      "127.0.0.1\tlocalhost web\n::1\tlocalhost ip6-localhost\n",
    );
  });

  test("takes the name of a NoCloud CD", async () => {
    const cd = new Uint8Array(64 * 1024);
    cd.set(Buffer.from("\x01CD001"), 32768);
    cd.set(Buffer.from("cidata".padEnd(32)), 32768 + 40);
    const kernel = new FakeKernel().addBlockDevice("/dev/sr0", cd);
    kernel.lay({ "/sys/block/sr0": null, "/etc": null, "/var/lib/boot2podman/etc": null });
    const inside = new FakeKernel().lay({ "/cd/meta-data": "local-hostname: web-7\n" });
    kernel.filesystems.set("/dev/sr0", inside.tree.get("test", "/cd", true));
    const outcome = await hostnameStage(false).run(context(kernel));
    expect(outcome.message).toBe("web-7 (NoCloud disk)");
  });

  test("takes the name of a NoCloud CD that came late", async () => {
    const cd = new Uint8Array(64 * 1024);
    cd.set(Buffer.from("\x01CD001"), 32768);
    cd.set(Buffer.from("cidata".padEnd(32)), 32768 + 40);
    const kernel = new FakeKernel().addBlockDevice("/dev/sr0", cd);
    kernel.lay({ "/sys/block/sr0": null, "/etc": null, "/var/lib/boot2podman/etc": null });
    const inside = new FakeKernel().lay({ "/cd/meta-data": "local-hostname: web-7\n" });
    kernel.filesystems.set("/dev/sr0", inside.tree.get("test", "/cd", true));
    kernel.setHostname("box");
    expect(await nameLate(kernel, defaultBootOptions)).toBeUndefined();
    expect(kernel.hostname()).toBe("web-7");
  });

  test("in the plain way has the name that clients expect", async () => {
    const kernel = new FakeKernel();
    await hostnameStage(false).onFailure?.(context(kernel));
    expect(kernel.hostname()).toBe("box");
  });

  test("waits for the data disk with little patience, and not at all when the option decides", () => {
    expect(hostnameStage(false).hopes?.for).toEqual(["settings"]);
    expect(hostnameStage(false).needs).toEqual([]);
    expect(hostnameStage(true).hopes).toBeUndefined();
  });

  test("takes the data disk's name also when the disk came late, and changes nothing otherwise", async () => {
    const kernel = new FakeKernel().lay({ "/etc/hostname": "img\n" });
    kernel.setHostname("img");
    kernel.journal.length = 0;
    expect(await nameLate(kernel, defaultBootOptions)).toBeUndefined();
    expect(kernel.journal).toEqual([]);
    kernel.lay({ "/var/lib/boot2podman/etc/hostname": "web\n" });
    expect(await nameLate(kernel, defaultBootOptions)).toBeUndefined();
    expect(kernel.hostname()).toBe("web");
    expect(await nameLate(kernel, { ...defaultBootOptions, hostname: "set" })).toBeUndefined();
    expect(kernel.readText("/etc/hostname")).toBe("set\n");
  });

  test.each([
    ["nobody has named it", {}, {}, "lan-7", "lan-7"],
    ["it is the image's usual name", { "/etc/hostname": "box\n" }, {}, "lan-7", "lan-7"],
    ["an option names it", {}, { hostname: "box" }, "lan-7", "box"],
    ["the disk names it", { "/var/lib/boot2podman/etc/hostname": "box" }, {}, "lan-7", "box"],
    ["a person has named it since", { "/etc/hostname": "mine\n" }, {}, "lan-7", "box"],
    ["it calls every host so", {}, {}, "localhost.localdomain", "box"],
    ["it says nothing", {}, {}, undefined, "box"],
  ])("DHCP's name, when %s", async (_, files, options, offered, name) => {
    const kernel = new FakeKernel().lay({ "/etc": null, "/run/boot2podman": null, ...files });
    kernel.setHostname("box");
    await nameByDhcp(kernel, { ...defaultBootOptions, ...options }, offered);
    expect(kernel.hostname()).toBe(name);
  });

  test("doesn't follow a link that somebody put in the name's place", async () => {
    const kernel = new FakeKernel().lay({
      "/var/lib/boot2podman/etc": null,
      "/etc/shadow": "secret",
    });
    kernel.symlink("/etc/shadow", "/var/lib/boot2podman/etc/hostname");
    await expect(hostnameStage(false).run(context(kernel))).rejects.toThrow("ELOOP");
  });
});
