import { expect, test } from "vitest";
import { FakeKernel } from "../../kernel/fake-kernel.testing.ts";
import { ipv6Way } from "./ipv6-way.ts";

const global = "fd090000000000005054000000000001 02 40 00 00     eth0";
const way =
  "00000000000000000000000000000000 00 00000000000000000000000000000000 00 fe800000000000000000000000000099 00000400 00000001 00000000 00450003     eth0";
const ofLoopback =
  "00000000000000000000000000000000 00 00000000000000000000000000000000 00 00000000000000000000000000000000 ffffffff 00000001 00000000 00200200       lo";

test.each([
  ["with a way out", global, way, "fd09::5054:0:0:1/64"],
  ["without a way out", global, ofLoopback, undefined],
  ["that nobody may have yet", global.replace("00 00  ", "00 40  "), way, undefined],
  ["that somebody else has", global.replace("00 00  ", "00 48  "), way, undefined],
  ["of the link alone", global.replace("40 00 00", "40 20 80"), way, undefined],
  ["of another interface", global.replace("eth0", "eth1"), way, undefined],
])("an address of IPv6 %s", (_, address, route, expected) => {
  const kernel = new FakeKernel().lay({
    "/proc/net/if_inet6": `00000000000000000000000000000001 01 80 10 80       lo\n${address}\n`,
    "/proc/net/ipv6_route": `${route}\n`,
  });
  expect(ipv6Way(kernel, "eth0")).toBe(expected);
});

test("a kernel without IPv6 has none", () => {
  expect(ipv6Way(new FakeKernel(), "eth0")).toBeUndefined();
});
