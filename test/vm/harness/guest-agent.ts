import { createConnection, type Socket } from "node:net";
import path from "node:path";
import { createInterface } from "node:readline";
import * as z from "zod";
import { patienceMs } from "./patience.ts";
import type { TestMachine } from "./test-machine.ts";

const answer = z.looseObject({
  return: z.unknown().optional(),
  error: z.object({ class: z.string(), desc: z.string() }).optional(),
});

/** The host's side of QEMU's guest agent (QEMU: docs/interop/qemu-ga-ref). */
export class GuestAgent {
  readonly #waiting: Array<{ resolve: (value: unknown) => void; reject: (error: Error) => void }> =
    [];

  private constructor(readonly socket: Socket) {
    createInterface({ input: socket }).on("line", (line) => {
      const parsed = answer.parse(JSON.parse(line));
      const one = this.#waiting.shift();
      if (parsed.error) {
        one?.reject(new Error(`${parsed.error.class}: ${parsed.error.desc}`));
      } else {
        one?.resolve(parsed.return);
      }
    });
    socket.on("error", () => socket.destroy());
    socket.on("close", () => {
      for (const one of this.#waiting.splice(0)) {
        one.reject(new Error("the agent's port is shut"));
      }
    });
  }

  static async connect(machine: TestMachine): Promise<GuestAgent> {
    const socket = createConnection(path.join(machine.folder, "agent"));
    await new Promise((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("error", reject);
    });
    return new GuestAgent(socket);
  }

  /** Asks for one thing; throws with the agent's own words, or when there is no answer in time. */
  ask(execute: string, args?: Record<string, unknown>, timeoutMs = patienceMs): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${execute}: no answer`)), timeoutMs);
      const ended =
        <T>(end: (value: T) => void) =>
        (value: T) => {
          clearTimeout(timer);
          end(value);
        };
      this.#waiting.push({ resolve: ended(resolve), reject: ended(reject) });
      this.socket.write(`${JSON.stringify({ execute, arguments: args })}\n`);
    });
  }

  /** Tells without waiting: a guest that switches itself off says nothing more. */
  tell(execute: string, args?: Record<string, unknown>): void {
    this.socket.write(`${JSON.stringify({ execute, arguments: args })}\n`);
  }

  close(): void {
    this.socket.destroy();
  }
}
