import { checksum } from "./checksum.ts";

/** A DHCP client's message as it lies in an Ethernet frame (RFC 2131). */
export interface DhcpQuestion {
  type: "discover" | "request";
  mac: Buffer;
  transaction: Buffer;
  hostname: string;
}

const magicCookie = 0x63825363;
const udpAt = 14 + 20;
const bootpAt = udpAt + 8;
const optionsAt = bootpAt + 240;

export function parseDhcpQuestion(frame: Buffer): DhcpQuestion | undefined {
  const isIpv4Udp =
    frame.length > optionsAt && frame.readUInt16BE(12) === 0x0800 && frame[23] === 17;
  if (!isIpv4Udp || frame.readUInt16BE(udpAt + 2) !== 67) {
    return undefined;
  }
  if (frame.readUInt32BE(bootpAt + 236) !== magicCookie) {
    return undefined;
  }
  const options = optionsOf(frame.subarray(optionsAt));
  const type = options.get(53)?.[0];
  if (type !== 1 && type !== 3) {
    return undefined;
  }
  return {
    type: type === 1 ? "discover" : "request",
    mac: frame.subarray(bootpAt + 28, bootpAt + 34),
    transaction: frame.subarray(bootpAt + 4, bootpAt + 8),
    hostname: options.get(12)?.toString() ?? "",
  };
}

function optionsOf(bytes: Buffer): Map<number, Buffer> {
  const options = new Map<number, Buffer>();
  for (let at = 0; at + 1 < bytes.length && bytes[at] !== 255; ) {
    const code = bytes[at] ?? 0;
    const length = code === 0 ? -1 : (bytes[at + 1] ?? 0);
    if (code !== 0) {
      options.set(code, bytes.subarray(at + 2, at + 2 + length));
    }
    at += 2 + length;
  }
  return options;
}

export interface Offer {
  address: string;
  server: string;
  mtu: number;
  nameServer: string;
  timeServer: string;
}

/** The answer to a question: an offer, or that it is granted. */
export function dhcpAnswer(question: DhcpQuestion, offer: Offer): Buffer {
  const option = (code: number, content: Buffer) =>
    Buffer.concat([Buffer.from([code, content.length]), content]);
  const mtu = Buffer.alloc(2);
  mtu.writeUInt16BE(offer.mtu);
  const options = Buffer.concat([
    option(53, Buffer.from([question.type === "discover" ? 2 : 5])),
    option(54, ip(offer.server)),
    option(51, Buffer.from([0, 0, 14, 16])),
    option(1, ip("255.255.255.0")),
    option(6, ip(offer.nameServer)),
    option(15, Buffer.from("wire.lan")),
    option(26, mtu),
    option(42, ip(offer.timeServer)),
    Buffer.from([255]),
  ]);
  const bootp = Buffer.alloc(240);
  bootp.set([2, 1, 6, 0]);
  bootp.set(question.transaction, 4);
  bootp.set(ip(offer.address), 16);
  bootp.set(ip(offer.server), 20);
  bootp.set(question.mac, 28);
  bootp.writeUInt32BE(magicCookie, 236);
  const udp = Buffer.alloc(8);
  udp.writeUInt16BE(67, 0);
  udp.writeUInt16BE(68, 2);
  udp.writeUInt16BE(8 + bootp.length + options.length, 4);
  const header = Buffer.alloc(20);
  header.set([0x45, 0]);
  header.writeUInt16BE(20 + 8 + bootp.length + options.length, 2);
  header.set([64, 17], 8);
  header.set(ip(offer.server), 12);
  header.set(ip("255.255.255.255"), 16);
  header.writeUInt16BE(checksum(header), 10);
  const ethernet = Buffer.concat([
    question.mac,
    Buffer.from("525500000063", "hex"),
    Buffer.from([8, 0]),
  ]);
  return Buffer.concat([ethernet, header, udp, bootp, options]);
}

function ip(text: string): Buffer {
  return Buffer.from(text.split(".").map(Number));
}
