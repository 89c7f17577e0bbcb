import { describe, expect, test } from "vitest";
import { ipv6Text, parseRouteMessages } from "./parse-route-message.ts";

function message(type: number, body: Buffer): Buffer {
  const header = Buffer.alloc(16);
  header.writeUInt32LE(16 + body.length, 0);
  header.writeUInt16LE(type, 4);
  return Buffer.concat([header, body, Buffer.alloc(-body.length & 3)]);
}

function attribute(type: number, content: Buffer): Buffer {
  const header = Buffer.alloc(4);
  header.writeUInt16LE(4 + content.length, 0);
  header.writeUInt16LE(type, 2);
  return Buffer.concat([header, content, Buffer.alloc(-content.length & 3)]);
}

function link(index: number, flags: number, name: string): Buffer {
  const info = Buffer.alloc(16);
  info.writeInt32LE(index, 4);
  info.writeUInt32LE(flags, 8);
  const attributes = [attribute(1, Buffer.alloc(6, 0x52)), attribute(3, Buffer.from(`${name}\0`))];
  return Buffer.concat([info, ...attributes]);
}

function nameServers(lifetimeS: number, ...servers: string[]): Buffer {
  const bytes = servers.map((server) => Buffer.from(server.replaceAll(":", ""), "hex"));
  const head = Buffer.alloc(24);
  head.writeInt32LE(3, 4);
  head.writeUInt8(134, 8);
  head.writeUInt8(25, 16);
  head.writeUInt8(1 + 2 * servers.length, 17);
  head.writeUInt32BE(lifetimeS, 20);
  return Buffer.concat([head, ...bytes]);
}

describe("parseRouteMessages", () => {
  test("reads links, with and without a cable, that come and go, several at once", () => {
    const bytes = Buffer.concat([
      message(16, link(2, 0x1_1043, "eth0")),
      message(16, link(3, 0x1003, "wan")),
      message(17, link(3, 0, "wan")),
    ]);
    expect(parseRouteMessages(bytes)).toEqual([
      { of: "link", name: "eth0", index: 2, hasCarrier: true, isGone: false },
      { of: "link", name: "wan", index: 3, hasCarrier: false, isGone: false },
      { of: "link", name: "wan", index: 3, hasCarrier: false, isGone: true },
    ]);
  });

  test("reads name servers of a router advertisement", () => {
    const servers = ["fec0:0000:0000:0000:0000:0000:0000:0003", "20010db8000100000000000000000001"];
    expect(parseRouteMessages(message(68, nameServers(1800, ...servers)))).toEqual([
      {
        of: "name servers",
        interfaceIndex: 3,
        lifetimeS: 1800,
        servers: ["fec0::3", "2001:db8:1::1"],
      },
    ]);
  });

  test.each([
    ["a message of another kind", message(24, link(2, 0, "eth0"))],
    ["a header cut off", message(16, link(2, 0, "eth0")).subarray(0, 12)],
    ["a message cut off", message(16, link(2, 0, "eth0")).subarray(0, 40)],
    ["a link without a name", message(16, link(2, 0, "eth0").subarray(0, 16))],
    ["an attribute longer than the message", message(16, link(2, 0, "eth0").fill(0xff, 16, 18))],
    ["another option of a router", message(68, nameServers(1, "00".repeat(16)).fill(31, 16, 17))],
  ])("leaves %s out", (_, bytes) => {
    expect(parseRouteMessages(bytes)).toEqual([]);
  });
});

test.each([
  ["00000000000000000000000000000000", "::"],
  ["00000000000000000000000000000001", "::1"],
  ["fe80000000000000505400fffe123456", "fe80::5054:ff:fe12:3456"],
  ["20010db8000000010001000100010001", "2001:db8:0:1:1:1:1:1"],
  ["20010000000000010000000000000001", "2001:0:0:1::1"],
])("%s is written %s", (hex, text) => {
  expect(ipv6Text(Buffer.from(hex, "hex"))).toBe(text);
});
