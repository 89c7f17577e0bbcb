import { orLate } from "../deadline.ts";
import { KernelError } from "../kernel-error.ts";
import type { DatagramReply, DatagramRequest } from "../network.ts";
import { asKernelError } from "./attempt.ts";
import { clockMs } from "./clock.ts";

const CLOCK_REALTIME = 0;

/** See Network. */
export async function exchange({ address, port, payload, timeoutMs }: DatagramRequest) {
  const { createSocket } = await import("node:dgram");
  const socket = createSocket(address.includes(":") ? "udp6" : "udp4");
  try {
    const answered = new Promise<DatagramReply>((resolve, reject) => {
      let sentMs = 0;
      socket.on("error", (error) => reject(asKernelError("ask", address, error)));
      socket.on("message", (message, sender) => {
        const receivedMs = clockMs(CLOCK_REALTIME);
        if (sender.address === address && sender.port === port) {
          resolve({ payload: message, sentMs, receivedMs });
        }
      });
      socket.bind(0, () => {
        sentMs = clockMs(CLOCK_REALTIME);
        socket.send(payload, port, address, (error) => {
          if (error) {
            reject(asKernelError("ask", address, error));
          }
        });
      });
    });
    return await before(answered, timeoutMs, "ask", address);
  } finally {
    socket.close();
  }
}

/** What `result` gives, or ETIMEDOUT. */
export async function before<T>(
  result: Promise<T>,
  timeoutMs: number,
  operation: string,
  what: string,
): Promise<T> {
  return await orLate(result, timeoutMs, (): never => {
    const detail = `no answer after ${timeoutMs} ms`;
    throw new KernelError(operation, what, "ETIMEDOUT", { detail });
  });
}
