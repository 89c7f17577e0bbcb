import { checksum } from "./checksum.ts";

const router = Buffer.from("fe800000000000000000000000000099", "hex");
const allNodes = Buffer.from("ff020000000000000000000000000001", "hex");

/**
 * A router that says of itself (RFC 4861): the prefix fd09::/64 for addresses, an MTU, and a name server (RFC
 * 8106) at fd09::53, each for an hour.
 */
export function routerAdvertisement(mtu: number): Buffer {
  const head = Buffer.from("8600000040000708" + "0000000000000000", "hex");
  const prefix = Buffer.from(
    "030440c0" + "00000e10" + "00000708" + "00000000" + "fd090000000000000000000000000000",
    "hex",
  );
  const link = Buffer.from("0501000000000000", "hex");
  link.writeUInt32BE(mtu, 4);
  const nameServer = Buffer.from(
    "19030000" + "00000e10" + "fd090000000000000000000000000053",
    "hex",
  );
  const message = Buffer.concat([head, prefix, link, nameServer]);
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
