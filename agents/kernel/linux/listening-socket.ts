import * as fs from "node:fs";
import type { ListeningSocket, Sockets } from "../events.ts";
import { attempt } from "./attempt.ts";
import { checked, libc, ptr } from "./libc.ts";

const AF_UNIX = 1;
const SOCK_STREAM = 1;
const SOCK_CLOEXEC = 0o2000000;
const F_SETFL = 4;
const F_SETOWN = 8;
const O_ASYNC = 0o20000;
const POLLIN = 1;
const backlog = 128;
const pathBytes = 108;

const waiting = new Set<() => void>();
let listensToSignal = false;

/** The real thing, by Linux's system calls. */
export const linuxSockets: Sockets = {
  listenUnix(path, mode) {
    const name = Buffer.from(path);
    const address = Buffer.alloc(2 + pathBytes);
    new DataView(address.buffer, address.byteOffset).setUint16(0, AF_UNIX, true);
    name.copy(address, 2);
    attempt("replace", path, () => fs.rmSync(path, { force: true }));
    const fd = checked("open", path, libc().socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    checked("bind", path, libc().bind(fd, ptr(address), 2 + name.length + 1));
    attempt("chmod", path, () => fs.chmodSync(path, mode));
    checked("listen at", path, libc().listen(fd, backlog));
    return socketOf(path, fd);
  },
};

/**
 * Bun can wait on a listening socket only by accepting, and what is accepted here the service can't get. So
 * the kernel sends SIGIO (O_ASYNC), and poll(2) without waiting says for whom it was.
 */
function socketOf(path: string, fd: number): ListeningSocket {
  return {
    fd,
    connection() {
      listenToSignal();
      return new Promise((resolve) => {
        const look = () => {
          if (!hasConnection(fd)) {
            return;
          }
          waiting.delete(look);
          checked("disarm", path, libc().fcntl(fd, F_SETFL, 0));
          resolve();
        };
        waiting.add(look);
        checked("arm", path, libc().fcntl(fd, F_SETOWN, process.pid));
        checked("arm", path, libc().fcntl(fd, F_SETFL, O_ASYNC));
        look();
      });
    },
    close: () => fs.closeSync(fd),
  };
}

function listenToSignal(): void {
  if (listensToSignal) {
    return;
  }
  listensToSignal = true;
  process.on("SIGIO", () => {
    for (const look of [...waiting]) {
      look();
    }
  });
}

function hasConnection(fd: number): boolean {
  // struct pollfd: int fd; short events; short revents
  const request = new DataView(new ArrayBuffer(8));
  request.setInt32(0, fd, true);
  request.setInt16(4, POLLIN, true);
  return libc().poll(ptr(request), 1, 0) === 1;
}
