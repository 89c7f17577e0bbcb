import { connect } from "node:net";
import { MachineError } from "../../error/machine-error.ts";

/** The host's end of the port on which a guest is told that it is saved, and as whom it goes on. */
export interface ControlPort {
  send(bytes: string | Buffer): void;
  /** Waits for a line of the guest's. Throws when QEMU ends, or nothing comes in time. */
  expect(line: string, timeoutMs: number): Promise<void>;
  close(): void;
}

/** A guest says single words: what is beyond this isn't kept. */
const keptMaxBytes = 4096;

/** Connects to the port of a QEMU that runs. */
export function openControlPort(path: string): Promise<ControlPort> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    let text = "";
    let isOver = false;
    let wake: () => void = () => undefined;
    socket.setEncoding("latin1");
    socket.on("data", (part: string) => {
      text = (text + part).slice(-keptMaxBytes);
      wake();
    });
    socket.on("close", () => {
      isOver = true;
      wake();
    });
    socket.on("error", (error) => {
      reject(
        new MachineError(`QEMU's socket ${path} can't be used: ${error.message}`, { cause: error }),
      );
    });
    socket.once("connect", () =>
      resolve({
        send: (bytes) => void socket.write(bytes),
        expect: (line, timeoutMs) =>
          new Promise<void>((found, failed) => {
            const end = (settle: () => void) => {
              clearTimeout(deadline);
              wake = () => undefined;
              settle();
            };
            const look = () => {
              if (text.split("\n").slice(0, -1).includes(line)) {
                text = "";
                end(found);
              } else if (isOver) {
                end(() => failed(new MachineError(`QEMU's socket ${path} was closed.`)));
              }
            };
            const deadline = setTimeout(
              () =>
                end(() =>
                  failed(
                    new MachineError(
                      `The guest did not say "${line}" within ${Math.round(timeoutMs / 1000)} s.`,
                    ),
                  ),
                ),
              timeoutMs,
            );
            wake = look;
            look();
          }),
        close: () => socket.destroy(),
      }),
    );
  });
}
