import { checksum } from "./checksum.ts";

const allNodes = Buffer.from("ff020000000000000000000000000001", "hex");

/** What a router says of itself (RFC 4861, RFC 8106). */
export interface Advertisement {
  /** Its own address: fe80::99, by the last 16 bits. */
  router: number;
  /** Seconds for which it is the way out; 0: it is none. */
  lifetimeS: number;
  mtu?: number;
  /** The first two bytes of a prefix of 64 bits for addresses: 0xfd09 for fd09::/64. */
  prefix?: number;
  /** Name servers: their first and last 16 bits, and for how many seconds they count. */
  nameServers?: { prefix: number; last: number; lifetimeS: number };
  /** Domains for names without a dot. */
  search?: { domains: readonly string[]; lifetimeS: number };
}

/**
 * A router that says of itself: the prefix fd09::/64 for addresses, an MTU, and a name server at fd09::53, each for an hour.
 */
export function routerAdvertisement(mtu: number): Buffer {
  const nameServers = { prefix: 0xfd09, last: 0x53, lifetimeS: 3600 };
  return advertisement({ router: 0x99, lifetimeS: 1800, mtu, prefix: 0xfd09, nameServers });
}

/** The advertisement in its frame. */
export function advertisement(said: Advertisement): Buffer {
  const router = address(0xfe80, said.router);
  const head = Buffer.from("8600000040000000" + "0000000000000000", "hex");
  head.writeUInt16BE(said.lifetimeS, 6);
  const message = Buffer.concat([head, ...options(said)]);
  const pseudo = Buffer.concat([
    router,
    allNodes,
    Buffer.from([0, 0, 0, message.length, 0, 0, 0, 58]),
  ]);
  message.writeUInt16BE(checksum(Buffer.concat([pseudo, message])), 2);
  const header = Buffer.from("60000000" + "00003aff", "hex");
  header.writeUInt16BE(message.length, 4);
  const ethernet = Buffer.from("333300000001" + "525500000063" + "86dd", "hex");
  return Buffer.concat([ethernet, header, router, allNodes, message]);
}

function options({ mtu, prefix, nameServers, search }: Advertisement): Buffer[] {
  const found: Buffer[] = [];
  if (prefix !== undefined) {
    const head = Buffer.from("030440c0" + "00000e10" + "00000708" + "00000000", "hex");
    found.push(Buffer.concat([head, address(prefix, 0)]));
  }
  if (mtu !== undefined) {
    const link = Buffer.from("0501000000000000", "hex");
    link.writeUInt32BE(mtu, 4);
    found.push(link);
  }
  if (nameServers !== undefined) {
    const head = Buffer.from("1903000000000000", "hex");
    head.writeUInt32BE(nameServers.lifetimeS, 4);
    found.push(Buffer.concat([head, address(nameServers.prefix, nameServers.last)]));
  }
  if (search !== undefined) {
    const names = Buffer.concat(
      search.domains.flatMap((domain) => [
        ...domain
          .split(".")
          .map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)])),
        Buffer.from([0]),
      ]),
    );
    const padded = Buffer.concat([names, Buffer.alloc((8 - (names.length % 8)) % 8)]);
    const head = Buffer.from([31, 1 + padded.length / 8, 0, 0, 0, 0, 0, 0]);
    head.writeUInt32BE(search.lifetimeS, 4);
    found.push(Buffer.concat([head, padded]));
  }
  return found;
}

function address(first: number, last: number): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.writeUInt16BE(first, 0);
  bytes.writeUInt16BE(last, 14);
  return bytes;
}
