import { expect, test } from "vitest";
import { FakeKernel } from "../../kernel/fake-kernel.testing.ts";
import { type BootOptions, defaultBootOptions } from "../../settings/boot-options.ts";
import { containersRuleset, routerRuleset } from "./ruleset.ts";
import { forwardingStage } from "./stage.ts";

const ipv4 = "/proc/sys/net/ipv4/ip_forward";
const ipv6 = "/proc/sys/net/ipv6/conf/all/forwarding";

function system(): FakeKernel {
  return new FakeKernel()
    .lay({ [ipv4]: "0", [ipv6]: "0" })
    .onRun("modprobe")
    .onRun("nft");
}

function run(kernel: FakeKernel, options: Partial<BootOptions> = {}) {
  const notes = { observed: null, plan: null, done: [] as string[] };
  return forwardingStage.run({ kernel, options: { ...defaultBootOptions, ...options }, notes });
}

test("forwards when the rules are loaded, not before", async () => {
  const kernel = system();
  let before = "";
  kernel.onRun("nft", () => {
    before = kernel.readText(ipv4) + kernel.readText(ipv6);
    return {};
  });
  await run(kernel);
  expect(kernel.runs.find(({ argv }) => argv[0] === "nft")).toMatchObject({
    argv: ["nft", "-f", "-"],
    options: { stdin: containersRuleset },
  });
  expect([before, kernel.readText(ipv4), kernel.readText(ipv6)]).toEqual(["00", "1", "1"]);
});

test("forwards nothing when they can't be loaded, and says what follows", async () => {
  const kernel = system();
  kernel.onRun("nft", () => ({ exitCode: 1, stderr: "Operation not supported\n" }));
  await expect(run(kernel)).rejects.toThrow("Operation not supported");
  expect(kernel.readText(ipv4)).toBe("0");
  const notes = { observed: null, plan: null, done: [] };
  const said = await forwardingStage.onFailure?.({ kernel, options: defaultBootOptions, notes });
  expect(said).toContain("including unpublished ports");
});

test("is a router without rules when asked to be", async () => {
  const kernel = system();
  const { message } = await run(kernel, { forward: "all" });
  expect(message).toBe("everything is forwarded (boot2podman.forward=all)");
  // Nothing is held, and packets fit.
  expect(kernel.runs.at(-1)).toMatchObject({ options: { stdin: routerRuleset } });
  expect(routerRuleset).not.toContain("drop");
  expect(kernel.readText(ipv4)).toBe("1");
});

test("a kernel without IPv6 forwards IPv4", async () => {
  const kernel = new FakeKernel()
    .lay({ [ipv4]: "0" })
    .onRun("modprobe")
    .onRun("nft");
  await run(kernel);
  expect(kernel.readText(ipv4)).toBe("1");
});
