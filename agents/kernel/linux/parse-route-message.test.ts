import { describe, expect, test } from "vitest";
import { parseRouteMessages } from "./parse-route-message.ts";

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
  return routerOption(25, lifetimeS, Buffer.concat(bytes));
}

/** As the kernel hands an option on, with the router's address behind it. */
function routerOption(kind: number, lifetimeS: number, bytes: Buffer): Buffer {
  const content = Buffer.concat([bytes, Buffer.alloc(-bytes.length & 7)]);
  const head = Buffer.alloc(24);
  head.writeUInt16LE(8 + content.length, 2);
  head.writeInt32LE(3, 4);
  head.writeUInt8(134, 8);
  head.writeUInt8(kind, 16);
  head.writeUInt8(1 + content.length / 8, 17);
  head.writeUInt32BE(lifetimeS, 20);
  const router = Buffer.from("fe800000000000000000000000000099", "hex");
  return Buffer.concat([head, content, attribute(1, router)]);
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
        router: "fe80::99",
        servers: ["fec0::3", "2001:db8:1::1"],
        domains: [],
      },
    ]);
  });

  test.each([
    ["\x03lan\0\x07example\x03org\0\0\0\0", ["lan", "example.org"]],
    ["\x03lan\0\x05$(id)\0\0\0\0\0\0", ["lan"]],
    ["\x03lan\0\x3fabc", ["lan"]],
    ["\xc0\x00\0\0\0\0\0\0", []],
    ["\x07unended", []],
  ])("reads search domains: %j", (content, domains) => {
    const option = routerOption(31, 60, Buffer.from(content, "latin1"));
    expect(parseRouteMessages(message(68, option))).toMatchObject([{ domains, servers: [] }]);
  });

  test("reads that an address came or went", () => {
    expect(parseRouteMessages(message(20, Buffer.alloc(8)))).toEqual([{ of: "address" }]);
  });

  test.each([
    ["a message of another kind", message(24, link(2, 0, "eth0"))],
    ["a header cut off", message(16, link(2, 0, "eth0")).subarray(0, 12)],
    ["a message cut off", message(16, link(2, 0, "eth0")).subarray(0, 40)],
    ["a link without a name", message(16, link(2, 0, "eth0").subarray(0, 16))],
    ["an attribute longer than the message", message(16, link(2, 0, "eth0").fill(0xff, 16, 18))],
    ["another option of a router", message(68, nameServers(1, "00".repeat(16)).fill(38, 16, 17))],
  ])("leaves %s out", (_, bytes) => {
    expect(parseRouteMessages(bytes)).toEqual([]);
  });
});
