import * as fs from "node:fs";
import type { ListeningSocket, Sockets } from "../events.ts";
import { attempt } from "./attempt.ts";
import { checked, libc, ptr } from "./libc.ts";
import { answerRequests, receiveDatagrams, request } from "./requests.ts";
import { unixAddress } from "./unix-address.ts";
import { whenPolled } from "./when-polled.ts";

const AF_UNIX = 1;
const SOCK_STREAM = 1;
const SOCK_CLOEXEC = 0o2000000;
const POLLIN = 1;
const backlog = 128;

/** The real thing, by Linux's system calls. */
export const linuxSockets: Sockets = {
  answerRequests,
  request,
  receiveDatagrams,
  listenUnix(path, mode) {
    const address = unixAddress(path);
    attempt("replace", path, () => fs.rmSync(path, { force: true }));
    const fd = checked("open", path, libc().socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    checked("bind", path, libc().bind(fd, ptr(address), address.length));
    attempt("chmod", path, () => fs.chmodSync(path, mode));
    checked("listen at", path, libc().listen(fd, backlog));
    return socketOf(path, fd);
  },
};

/** Bun can wait on a listening socket only by accepting, and what is accepted here the service can't get. */
function socketOf(path: string, fd: number): ListeningSocket {
  return {
    fd,
    connection: () =>
      new Promise((resolve) => {
        whenPolled(path, fd, { events: POLLIN, flags: 0 }, resolve);
      }),
    close: () => fs.closeSync(fd),
  };
}
