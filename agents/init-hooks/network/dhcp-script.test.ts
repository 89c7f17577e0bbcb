import { afterEach, beforeEach, describe, expect, test } from "vitest";
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
    serverid: "10.7.0.1",
    dns: "10.7.0.53",
    domain: "lan",
    ntpsrv: "1.2.3.4",
  });
  expect(calls.map((call) => call.trim())).toEqual([
    "addr replace 10.7.0.50/24 dev eth0 noprefixroute",
    "route replace 10.7.0.0/24 dev eth0 src 10.7.0.50 proto kernel scope link metric 102",
    "route replace default via 10.7.0.1 dev eth0 metric 102 onlink proto 16",
  ]);
  expect(script.lease()?.split("\n")).toEqual([
    "address 10.7.0.50/24",
    "router 10.7.0.1",
    "server 10.7.0.1",
    "dns 10.7.0.53",
    "search lan",
    "ntp 1.2.3.4",
    "",
  ]);
  script.run("deconfig");
  expect(script.lease()).toBeUndefined();
});

test.each([
  ["10.7.0.50", "10.7.0.50/8"],
  ["172.16.3.4", "172.16.3.4/16"],
  ["192.168.3.4", "192.168.3.4/24"],
])("without a netmask the class of %s says the network", (ip, address) => {
  expect(script.run("bound", { ip })[0]).toBe(`addr replace ${address} dev eth0 noprefixroute `);
  expect(script.lease()).toMatch(new RegExp(`^address ${address}$`, "m"));
});

test("a renewal with another address or netmask takes the one before away first", () => {
  script.run("bound", answer);
  expect(script.run("renew", answer).filter((call) => call.startsWith("addr del"))).toEqual([]);
  expect(script.run("renew", { ...answer, ip: "10.7.0.51" }).slice(0, 2)).toEqual([
    "addr del 10.7.0.50/24 dev eth0 ",
    "addr replace 10.7.0.51/24 dev eth0 noprefixroute ",
  ]);
  const again = script.run("renew", { ...answer, ip: "10.7.0.51", mask: "16" });
  expect(again[0]).toBe("addr del 10.7.0.51/24 dev eth0 ");
});

test("a renewal takes away the routes of the last answer that it doesn't have any more", () => {
  const routes = (calls: string[]) =>
    calls.filter((call) => /^route (del|replace .*proto 16)/.test(call));
  script.run("bound", { ...answer, staticroutes: "10.8.0.0/16 10.7.0.2 0.0.0.0/0 10.7.0.1" });
  const staticroutes = "0.0.0.0/0 10.7.0.3 10.8.0.0/16 10.7.0.2";
  expect(
    routes(script.run("renew", { ...answer, staticroutes })).map((call) => call.trim()),
  ).toEqual([
    "route del 0.0.0.0/0 via 10.7.0.1 dev eth0 metric 102 onlink proto 16",
    "route replace 0.0.0.0/0 via 10.7.0.3 dev eth0 metric 102 onlink proto 16",
    "route replace 10.8.0.0/16 via 10.7.0.2 dev eth0 metric 102 onlink proto 16",
  ]);
});

test("routes of Microsoft's option count where the standard's is missing", () => {
  const [own, theirs] = ["10.8.0.0/16 10.7.0.2", "10.9.0.0/16 10.7.0.3"];
  expect(script.run("bound", { ...answer, msstaticroutes: theirs }).join("")).toContain(
    "10.9.0.0/16",
  );
  const both = script.run("renew", { ...answer, staticroutes: own, msstaticroutes: theirs });
  expect(both.filter((call) => call.includes("replace 10.9"))).toEqual([]);
});

test.each([
  ["bad", "web", "host web"],
  ["lan", "bad", "search lan"],
])("of domain %s and host name %s, what udhcpc calls bad is left out", (domain, hostname, line) => {
  script.run("bound", { ...answer, domain, hostname });
  const lease = script.lease() ?? "";
  expect(lease.split("\n")).toContain(line);
  expect(lease).not.toContain("bad");
});

describe("beside DHCP", () => {
  const own = {
    own_addresses: "10.9.0.5/24 192.168.7.7/32",
    own_routes: "default 10.9.0.1 50 10.8.0.0/16 10.7.0.8 7",
  };

  test("routes of a person's own come with each answer, after those of DHCP", () => {
    const calls = script.run("renew", { ...answer, ...own }).map((call) => call.trim());
    expect(calls.slice(-3)).toEqual([
      "route replace default via 10.7.0.1 dev eth0 metric 102 onlink proto 16",
      "route replace default via 10.9.0.1 dev eth0 metric 50 onlink",
      "route replace 10.8.0.0/16 via 10.7.0.8 dev eth0 metric 7 onlink",
    ]);
  });

  test("the end of a lease takes DHCP's address and routes, and leaves those of a person's own", () => {
    // As busybox's ip shows them, which leaves out who set a route.
    script.show("route", [
      "default via 10.9.0.1 dev eth0  metric 50 onlink ",
      "10.6.0.0/16 via 10.7.0.1 dev eth0  metric 102 onlink ",
    ]);
    script.show("addr", [
      "2: eth0    inet 10.9.0.5/24 scope global noprefixroute eth0\\       valid_lft forever",
      "2: eth0    inet 192.168.7.7/32 scope global noprefixroute eth0\\       valid_lft forever",
      "2: eth0    inet 10.7.0.50/24 brd 10.7.0.255 scope global noprefixroute eth0\\       valid",
    ]);
    const calls = script.run("deconfig", own).map((call) => call.trim());
    expect(calls.filter((call) => / (del|flush) /.test(call))).toEqual([
      // The kernel deletes a route only when all words fit: one that isn't DHCP's has another mark.
      "route del default via 10.9.0.1 dev eth0 metric 50 onlink proto 16",
      "route del 10.6.0.0/16 via 10.7.0.1 dev eth0 metric 102 onlink proto 16",
      "addr del 10.7.0.50/24 dev eth0",
    ]);
  });

  test("without anything of a person's own all addresses of IPv4 go", () => {
    expect(script.run("deconfig").map((call) => call.trim())).toContain("-4 addr flush dev eth0");
  });
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
