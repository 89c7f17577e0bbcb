import * as fs from "node:fs";
import type { Clocks } from "../clocks.ts";
import { attempt } from "./attempt.ts";
import { clockMs } from "./clock.ts";
import { checked, libc, ptr } from "./libc.ts";

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

/** The real thing, by Linux's system calls. */
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
  hardwareClockIsLocal(minutesEast) {
    // struct timezone: tz_minuteswest, tz_dsttime
    const zone = new Int32Array([-minutesEast, 0]);
    checked(
      "tell the kernel the zone of",
      "the hardware clock",
      libc().settimeofday(null, ptr(zone)),
    );
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
};

function adjust(operation: string, timex: DataView<ArrayBuffer>): void {
  checked(operation, "the clock", libc().adjtimex(ptr(timex)));
}

function nanoseconds(ms: number): bigint {
  return BigInt(Math.round(ms * 1e6));
}
