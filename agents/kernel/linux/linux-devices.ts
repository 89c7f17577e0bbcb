import * as fs from "node:fs";
import type { Devices } from "../devices.ts";
import { KernelError } from "../kernel-error.ts";
import { attempt } from "./attempt.ts";
import { checked, libc, ptr } from "./libc.ts";

const { O_NOCTTY, O_RDWR } = fs.constants;

/** The real thing, by Linux's system calls. */
export const linuxDevices: Devices = {
  openDevice(path) {
    const fd = attempt("open", path, () => fs.openSync(path, O_RDWR | O_NOCTTY));
    return {
      ioctl(request, argument) {
        checked("ioctl", path, libc().ioctl(fd, request, ptr(argument)));
      },
      addressOf: (buffer) => BigInt(ptr(buffer)),
      write: (content) =>
        attempt("write to", path, () => {
          let written = 0;
          while (written < content.length) {
            written += fs.writeSync(fd, content, written, content.length - written);
          }
        }),
      read: (lengthBytes) =>
        attempt("read", path, () => {
          const buffer = Buffer.alloc(lengthBytes);
          let filled = 0;
          while (filled < lengthBytes) {
            const got = fs.readSync(fd, buffer, filled, lengthBytes - filled, null);
            if (got === 0) {
              throw new KernelError("read", path, "EPIPE");
            }
            filled += got;
          }
          return buffer;
        }),
      close: () => fs.closeSync(fd),
    };
  },
};
