import * as fs from "node:fs";
import type { Clocks, DatagramReply, DatagramRequest } from "../clocks.ts";
import { KernelError } from "../kernel-error.ts";
import { asKernelError, attempt } from "./attempt.ts";
import { clockMs } from "./clock.ts";
import { checked, libc, ptr } from "./libc.ts";

const CLOCK_REALTIME = 0;
const timexBytes = 208;
const ADJ_OFFSET = 0x1;
const ADJ_MAXERROR = 0x4;
const ADJ_ESTERROR = 0x8;
const ADJ_STATUS = 0x10;
const ADJ_TIMECONST = 0x20;
const ADJ_SETOFFSET = 0x100;
const ADJ_NANO = 0x2000;
const STA_PLL = 0x1;
const nanosecondsPerSecond = 1_000_000_000n;

export const linuxClocks: Clocks = {
  stepTime(byMs) {
    const by = nanoseconds(byMs);
    // The fraction counts upwards also when the seconds are negative.
    const fraction = ((by % nanosecondsPerSecond) + nanosecondsPerSecond) % nanosecondsPerSecond;
    const timex = new DataView(new ArrayBuffer(timexBytes));
    timex.setUint32(0, ADJ_SETOFFSET | ADJ_NANO, true);
    timex.setBigInt64(72, (by - fraction) / nanosecondsPerSecond, true);
    timex.setBigInt64(80, fraction, true);
    adjust("step", timex);
  },
  slewTime(byMs, timeConstant) {
    const timex = new DataView(new ArrayBuffer(timexBytes));
    const modes = ADJ_OFFSET | ADJ_MAXERROR | ADJ_ESTERROR | ADJ_STATUS | ADJ_TIMECONST | ADJ_NANO;
    timex.setUint32(0, modes, true);
    timex.setBigInt64(8, nanoseconds(byMs), true);
    timex.setInt32(40, STA_PLL, true);
    timex.setBigInt64(48, BigInt(timeConstant), true);
    adjust("slew", timex);
  },
  readClockDevice(path) {
    const fd = attempt("open", path, () => fs.openSync(path, fs.constants.O_RDONLY));
    try {
      // FD_TO_CLOCKID of clock_gettime(2)
      return clockMs((~fd << 3) | 3);
    } finally {
      fs.closeSync(fd);
    }
  },
  async lookUp(name, timeoutMs) {
    // libc sees when resolv.conf has changed; Bun's own way reads it only once.
    const found = Bun.dns.lookup(name, { backend: "libc" }).catch((error: unknown) => {
      throw asKernelError("look up", name, error);
    });
    const addresses = await before(found, timeoutMs, "look up", name);
    return addresses.map(({ address }) => address);
  },
  exchange,
};

async function exchange({ address, port, payload, timeoutMs }: DatagramRequest) {
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
          if (error) reject(asKernelError("ask", address, error));
        });
      });
    });
    return await before(answered, timeoutMs, "ask", address);
  } finally {
    socket.close();
  }
}

async function before<T>(
  result: Promise<T>,
  timeoutMs: number,
  operation: string,
  what: string,
): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    const detail = `no answer after ${timeoutMs} ms`;
    timer = setTimeout(
      () => reject(new KernelError(operation, what, "ETIMEDOUT", { detail })),
      timeoutMs,
    );
  });
  try {
    return await Promise.race([result, late]);
  } finally {
    clearTimeout(timer);
  }
}

function adjust(operation: string, timex: DataView<ArrayBuffer>): void {
  checked(operation, "the clock", libc().adjtimex(ptr(timex)));
}

function nanoseconds(ms: number): bigint {
  return BigInt(Math.round(ms * 1e6));
}
