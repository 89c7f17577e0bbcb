import { createSocket, type Socket } from "node:dgram";

const eraSeconds = 2_208_988_800;

/** A time server (RFC 5905) on this host's loopback, which a guest of QEMU's user network sees as 10.0.2.2. */
export class TimeServer {
  /** While false nobody gets an answer. */
  answers = true;
  asked = 0;

  private constructor(
    readonly socket: Socket,
    readonly port: number,
  ) {
    socket.on("message", (question, sender) => {
      this.asked += 1;
      if (this.answers) {
        socket.send(answerTo(question), sender.port, sender.address);
      }
    });
  }

  static async start(): Promise<TimeServer> {
    const socket = createSocket("udp4");
    await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
    return new TimeServer(socket, socket.address().port);
  }

  stop(): void {
    this.socket.close();
  }
}

function answerTo(question: Buffer): Buffer {
  const answer = Buffer.alloc(48);
  answer.set([(4 << 3) | 4, 2]);
  question.copy(answer, 24, 40, 48);
  const nowMs = Date.now();
  for (const at of [16, 32, 40]) {
    answer.writeUInt32BE(Math.floor(nowMs / 1000) + eraSeconds, at);
    answer.writeUInt32BE(Math.floor(((nowMs % 1000) / 1000) * 2 ** 32), at + 4);
  }
  return answer;
}
