import { createSocket, type Socket } from "node:dgram";
import { patienceMs } from "./patience.ts";
import { freePort } from "./ports.ts";

/**
 * An Ethernet wire whose other end is the test: QEMU's "socket" network sends each frame as a datagram (QEMU:
 * -netdev socket,udp=). Both ends on the loopback.
 */
export class Wire {
  /** Frames that the guest has sent. */
  readonly frames: Buffer[] = [];
  readonly #listeners = new Set<(frame: Buffer) => void>();

  private constructor(
    readonly socket: Socket,
    readonly port: number,
    readonly guestPort: number,
  ) {
    socket.on("message", (frame) => {
      this.frames.push(frame);
      for (const listener of [...this.#listeners]) {
        listener(frame);
      }
    });
  }

  static async lay(): Promise<Wire> {
    const [port, guestPort] = [await freePort(), await freePort()];
    const socket = createSocket("udp4");
    await new Promise<void>((resolve) => socket.bind(port, "127.0.0.1", resolve));
    return new Wire(socket, port, guestPort);
  }

  /** QEMU's words for its end, by QMP's netdev_add. */
  netdev(id: string): Record<string, string> {
    const [udp, localaddr] = [`127.0.0.1:${this.port}`, `127.0.0.1:${this.guestPort}`];
    return { type: "socket", id, udp, localaddr };
  }

  send(frame: Uint8Array): void {
    this.socket.send(frame, this.guestPort, "127.0.0.1");
  }

  /** Calls `listener` for each frame from now on, until the function that it gives is called. */
  listen(listener: (frame: Buffer) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Waits for a frame that comes from now on and of which `find` gives something. */
  next<T>(
    what: string,
    find: (frame: Buffer) => T | undefined,
    timeoutMs = patienceMs,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      const stop = this.listen((frame) => {
        const found = find(frame);
        if (found === undefined) {
          return;
        }
        clearTimeout(timer);
        stop();
        resolve(found);
      });
      const timer = setTimeout(() => {
        stop();
        reject(new Error(`no ${what} on the wire within ${timeoutMs} ms`));
      }, timeoutMs);
    });
  }

  cut(): void {
    this.socket.close();
  }
}
