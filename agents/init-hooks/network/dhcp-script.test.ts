import { afterEach, beforeEach, expect, test } from "vitest";
import { DhcpScript } from "./dhcp-script.testing.ts";

let script: DhcpScript;
beforeEach(() => {
  script = new DhcpScript("eth0");
});
afterEach(() => script.remove());

const answer = { ip: "10.7.0.50", mask: "24", router: "10.7.0.1" };

test("an answer of DHCP gives the interface its address, and the way out a metric", () => {
  const calls = script.run("bound", {
    ...answer,
    dns: "10.7.0.53",
    domain: "lan",
    ntpsrv: "1.2.3.4",
  });
  expect(calls.map((call) => call.trim())).toEqual([
    "addr replace 10.7.0.50/24 dev eth0 noprefixroute",
    "route replace 10.7.0.0/24 dev eth0 src 10.7.0.50 proto kernel scope link metric 102",
    "route del default dev eth0",
    "route replace default via 10.7.0.1 dev eth0 metric 102 onlink",
  ]);
  expect(script.lease()).toBe("address 10.7.0.50/24\ndns 10.7.0.53\nsearch lan\nntp 1.2.3.4\n");
  script.run("deconfig");
  expect(script.lease()).toBeUndefined();
});

test.each([
  ["1350", 1350],
  ["576", 576],
  ["575", 1500],
  ["1500", 1500],
  ["9000", 1500],
  ["65535", 1500],
  ["0", 1500],
  [undefined, 1500],
])("an MTU of %s in the answer makes it %i on an interface of 1500", (mtu, expected) => {
  script.run("deconfig");
  script.run("bound", { ...answer, ...(mtu === undefined ? {} : { mtu }) });
  expect(script.mtu).toBe(expected);
});

test("the interface's own MTU comes back when an answer has none, and when the lease is over", () => {
  script.mtu = 9000;
  script.run("deconfig");
  script.run("bound", { ...answer, mtu: "1400" });
  script.run("renew", { ...answer, mtu: "1300" });
  expect(script.mtu).toBe(1300);
  script.run("renew", { ...answer, mtu: "8000" });
  expect(script.mtu).toBe(8000);
  script.run("renew", answer);
  expect(script.mtu).toBe(9000);
  script.run("renew", { ...answer, mtu: "1400" });
  script.run("deconfig");
  expect(script.mtu).toBe(9000);
});

test("an MTU that a person has set since is the interface's own from then on", () => {
  script.run("bound", { ...answer, mtu: "1400" });
  script.mtu = 1450;
  script.run("renew", { ...answer, mtu: "1480" });
  expect(script.mtu).toBe(1450);
  script.run("renew", { ...answer, mtu: "1400" });
  script.run("renew", answer);
  expect(script.mtu).toBe(1450);
});
