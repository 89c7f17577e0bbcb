import { checksum } from "./checksum.ts";

const messageTypes = { 1: "discover", 3: "request", 4: "decline", 7: "release" } as const;

/** A DHCP client's message as it lies in an Ethernet frame (RFC 2131). */
export interface DhcpQuestion {
  type: (typeof messageTypes)[keyof typeof messageTypes];
  mac: Buffer;
  transaction: Buffer;
  hostname: string;
  /** The address that it has (ciaddr), or asks for: "0.0.0.0" when neither. */
  address: string;
  /** The server that it has chosen; "" when it speaks to any. */
  server: string;
  /** Codes of the options that it wants. */
  wanted: readonly number[];
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
  if (type !== 1 && type !== 3 && type !== 4 && type !== 7) {
    return undefined;
  }
  const own = frame.subarray(bootpAt + 12, bootpAt + 16).join(".");
  return {
    type: messageTypes[type],
    mac: frame.subarray(bootpAt + 28, bootpAt + 34),
    transaction: frame.subarray(bootpAt + 4, bootpAt + 8),
    hostname: options.get(12)?.toString() ?? "",
    address: own === "0.0.0.0" ? (options.get(50)?.join(".") ?? own) : own,
    server: options.get(54)?.join(".") ?? "",
    wanted: [...(options.get(55) ?? [])],
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
  const mtu = Buffer.alloc(2);
  mtu.writeUInt16BE(offer.mtu);
  return dhcpFrame(question, {
    type: question.type === "discover" ? "offer" : "ack",
    address: offer.address,
    server: offer.server,
    options: [
      [51, Buffer.from([0, 0, 14, 16])],
      [1, ip("255.255.255.0")],
      [6, ip(offer.nameServer)],
      [15, Buffer.from("wire.lan")],
      [26, mtu],
      [42, ip(offer.timeServer)],
    ],
  });
}

/** What a server says (RFC 2131), with options besides the message's type and its own address. */
export interface DhcpReply {
  type: "offer" | "ack" | "nak";
  address: string;
  server: string;
  options: readonly (readonly [code: number, content: Uint8Array])[];
}

const replyTypes = { offer: 2, ack: 5, nak: 6 } as const;

/** A server's message in its frame. */
export function dhcpFrame(question: DhcpQuestion, reply: DhcpReply): Buffer {
  const option = (code: number, content: Uint8Array) =>
    Buffer.concat([Buffer.from([code, content.length]), content]);
  const options = Buffer.concat([
    option(53, Buffer.from([replyTypes[reply.type]])),
    option(54, ip(reply.server)),
    ...reply.options.map(([code, content]) => option(code, content)),
    Buffer.from([255]),
  ]);
  const bootp = Buffer.alloc(240);
  bootp.set([2, 1, 6, 0]);
  bootp.set(question.transaction, 4);
  bootp.set(ip(reply.type === "nak" ? "0.0.0.0" : reply.address), 16);
  bootp.set(ip(reply.server), 20);
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
  header.set(ip(reply.server), 12);
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
