import { type DhcpQuestion, type DhcpReply, dhcpFrame, parseDhcpQuestion } from "../dhcp-frames.ts";
import { arpAnswer } from "../tcp-frames.ts";
import type { Cable } from "./cable.ts";

/** What a server gives whoever asks. */
export interface Given {
  address: string;
  server: string;
  /** Options besides the lease's time: "1": the netmask and so on, by their codes. */
  options?: readonly (readonly [code: number, content: Uint8Array])[];
  /** The lease's time. */
  seconds?: number;
}

/** What a server answers a question: nothing, one message, or several. */
export type Behaviour = (question: DhcpQuestion) => readonly DhcpReply[];

/** A DHCP server at a cable's far end, whose behaviour is the test's. */
export class DhcpServer {
  /** What it was asked, in order. */
  readonly questions: DhcpQuestion[] = [];
  readonly stop: () => void;

  constructor(
    private readonly cable: Cable,
    /** May be another later. */
    public behaviour: Behaviour,
    /** Who answers for these addresses when asked by ARP: the server itself, and whoever has one already. */
    public neighbours: readonly string[] = ["10.7.0.1"],
  ) {
    this.stop = cable.listen((frame) => {
      const question = parseDhcpQuestion(frame);
      if (question !== undefined) {
        this.questions.push(question);
        for (const reply of this.behaviour(question)) {
          cable.send(dhcpFrame(question, reply));
        }
      }
      for (const address of this.neighbours) {
        const answer = arpAnswer(frame, { mac: "52:55:00:00:00:63", address, guestMac: "" });
        if (answer !== undefined) {
          cable.send(answer);
        }
      }
    });
  }

  /** The cable that it is at. */
  get at(): Cable {
    return this.cable;
  }
}

/** A server as they should be: offers, grants, and refuses what is another's. */
export function giving(given: Given): Behaviour {
  const { address, server, options = [], seconds = 3600 } = given;
  return (question) => {
    if (question.type === "decline" || question.type === "release") {
      return [];
    }
    const lease = [51, bytes32(seconds)] as const;
    const all = [lease, ...options];
    if (question.type === "discover") {
      return [{ type: "offer", address, server, options: all }];
    }
    if (question.server !== "" && question.server !== server) {
      return [];
    }
    const isOurs = question.address === address;
    return [{ type: isOurs ? "ack" : "nak", address, server, options: isOurs ? all : [] }];
  };
}

/** Option 1. */
export const netmask = (text: string) => [1, ipBytes(text)] as const;
/** Option 3. */
export const router = (...addresses: string[]) => [3, list(addresses)] as const;
/** Option 6. */
export const nameServers = (...addresses: string[]) => [6, list(addresses)] as const;
/** Option 26. */
export const mtu = (bytes: number) => [26, bytes32(bytes).subarray(2)] as const;
/** An option that is text. */
export const text = (code: number, content: string) => [code, Buffer.from(content)] as const;

/** Routes as option 121 (RFC 3442) and Microsoft's 249 have them: "10.9.0.0/16 10.7.0.2". */
export function classless(code: 121 | 249, routes: readonly string[]) {
  const bytes = routes.flatMap((route) => {
    const [network = "", bits = "0", via = ""] = route.split(/[/ ]/);
    const significant = Math.ceil(Number(bits) / 8);
    return [Number(bits), ...ipBytes(network).subarray(0, significant), ...ipBytes(via)];
  });
  return [code, Buffer.from(bytes)] as const;
}

function list(addresses: readonly string[]): Buffer {
  return Buffer.concat(addresses.map(ipBytes));
}

function ipBytes(text: string): Buffer {
  return Buffer.from(text.split(".").map(Number));
}

function bytes32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
