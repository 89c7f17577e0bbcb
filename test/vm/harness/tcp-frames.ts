import { checksum } from "./checksum.ts";

/** One end of a connection. */
export interface TcpEnd {
  address: string;
  port: number;
}

const ipv4 = 0x0800;
const arp = 0x0806;
const syn = 0x02;
const synAck = 0x12;

/** A neighbour on a wire: its addresses, and the other end's of the wire. */
export interface Neighbour {
  mac: string;
  address: string;
  guestMac: string;
}

/** The answer to somebody who asks by ARP (RFC 826) for the neighbour's hardware address; undefined for other frames. */
export function arpAnswer(frame: Buffer, { mac, address }: Neighbour): Buffer | undefined {
  const isQuestion =
    frame.length >= 42 && frame.readUInt16BE(12) === arp && frame.readUInt16BE(20) === 1;
  if (!isQuestion || !frame.subarray(38, 42).equals(ip(address))) {
    return undefined;
  }
  const [asker, own] = [frame.subarray(22, 32), bytes(mac)];
  const head = Buffer.from("0001080006040002", "hex");
  const ethernet = Buffer.concat([asker.subarray(0, 6), own, Buffer.from([8, 6])]);
  return Buffer.concat([ethernet, head, own, ip(address), asker]);
}

/** The first packet of a connection (RFC 9293), handed to the machine at the wire's other end whatever its destination is. */
export function synFrame(
  { mac, address, guestMac }: Neighbour,
  fromPort: number,
  to: TcpEnd,
): Buffer {
  const tcp = Buffer.alloc(20);
  tcp.writeUInt16BE(fromPort, 0);
  tcp.writeUInt16BE(to.port, 2);
  tcp.writeUInt32BE(1000, 4);
  tcp.set([0x50, syn, 0xff, 0xff], 12);
  const ends = Buffer.concat([ip(address), ip(to.address)]);
  tcp.writeUInt16BE(checksum(Buffer.concat([ends, Buffer.from([0, 6, 0, 20]), tcp])), 16);
  const header = Buffer.from("450000280001000040060000", "hex");
  header.writeUInt16BE(checksum(Buffer.concat([header, ends])), 10);
  const ethernet = Buffer.concat([bytes(guestMac), bytes(mac), Buffer.from([8, 0])]);
  return Buffer.concat([ethernet, header, ends, tcp]);
}

/** Who accepts a connection to `toPort`, by this frame; undefined for other frames. */
export function acceptedBy(frame: Buffer, toPort: number): TcpEnd | undefined {
  if (frame.length < 54 || frame.readUInt16BE(12) !== ipv4 || frame[23] !== 6) {
    return undefined;
  }
  const tcp = frame.subarray(14 + ((frame[14] ?? 0) & 15) * 4);
  if (tcp.readUInt16BE(2) !== toPort || tcp[13] !== synAck) {
    return undefined;
  }
  return { address: frame.subarray(26, 30).join("."), port: tcp.readUInt16BE(0) };
}

function ip(text: string): Buffer {
  return Buffer.from(text.split(".").map(Number));
}

function bytes(mac: string): Buffer {
  return Buffer.from(mac.replaceAll(":", ""), "hex");
}

/** The largest segment that the first packet of a connection to that port asks for (RFC 9293, 3.7.1); undefined for other frames. */
export function askedSegmentBytes(frame: Buffer, toPort: number): number | undefined {
  const kind = frame.length < 54 ? 0 : frame.readUInt16BE(12);
  const isTcp = (kind === ipv4 && frame[23] === 6) || (kind === 0x86dd && frame[20] === 6);
  if (!isTcp) {
    return undefined;
  }
  const tcp = frame.subarray(14 + (kind === ipv4 ? ((frame[14] ?? 0) & 15) * 4 : 40));
  if (tcp.readUInt16BE(2) !== toPort || tcp[13] !== syn) {
    return undefined;
  }
  // A client's first option is this one.
  return tcp[20] === 2 ? tcp.readUInt16BE(22) : undefined;
}
