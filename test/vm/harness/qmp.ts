import { createConnection, type Socket } from "node:net";
import { createInterface } from "node:readline";
import * as z from "zod";

const message = z.looseObject({
  return: z.unknown().optional(),
  error: z.object({ desc: z.string() }).optional(),
  event: z.string().optional(),
});

/** A connection to QEMU's monitor (QEMU: docs/interop/qmp-spec.rst); events between replies are kept. */
export class Monitor {
  readonly events: string[] = [];
  readonly #waiting: Array<{ resolve: (value: unknown) => void; reject: (error: Error) => void }> =
    [];

  private constructor(readonly socket: Socket) {
    createInterface({ input: socket }).on("line", (line) => {
      const parsed = message.parse(JSON.parse(line));
      if (parsed.event) {
        this.events.push(parsed.event);
      } else if (parsed.error) {
        this.#waiting.shift()?.reject(new Error(parsed.error.desc));
      } else if ("return" in parsed) {
        this.#waiting.shift()?.resolve(parsed.return);
      }
    });
    socket.on("error", () => socket.destroy());
    socket.on("close", () => {
      for (const one of this.#waiting.splice(0)) {
        one.reject(new Error("QEMU has ended"));
      }
    });
  }

  /** Connects and leaves the negotiation mode. */
  static async connect(path: string): Promise<Monitor> {
    const socket = createConnection(path);
    await new Promise((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("error", reject);
    });
    const monitor = new Monitor(socket);
    await monitor.execute("qmp_capabilities");
    return monitor;
  }

  /** Runs a command and gives what it returns. Throws with QEMU's own description. */
  execute(command: string, args?: Record<string, unknown>): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.socket.write(`${JSON.stringify({ execute: command, arguments: args })}\n`);
    });
  }

  close(): void {
    this.socket.destroy();
  }
}
