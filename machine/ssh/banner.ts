import { connect } from "node:net";
import { loopback } from "../store/port.ts";
import { pause } from "./pause.ts";

/**
 * Connects to a forwarded port until something behind it speaks, as sshd does with its banner.
 * QEMU accepts before the guest does, and closes when the guest refuses: so each refusal is the
 * event after which it is tried again. Resolves to false when the signal aborts.
 */
export async function waitForBanner(
  port: number,
  signal: AbortSignal,
  host: string = loopback,
): Promise<boolean> {
  while (!signal.aborted) {
    if (await speaks(host, port, signal)) {
      return true;
    }
    await pause(retryMs, signal);
  }
  return false;
}

/** A refusing port answers at once, and would keep a core busy without a pause. */
const retryMs = 1000;

function speaks(host: string, port: number, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (spoke: boolean) => {
      signal.removeEventListener("abort", aborted);
      socket.destroy();
      resolve(spoke);
    };
    const aborted = () => end(false);
    signal.addEventListener("abort", aborted);
    socket.once("data", () => end(true));
    socket.once("close", () => end(false));
    // A refused connection also closes: that event ends the try.
    socket.on("error", () => undefined);
  });
}
