import { checked, libc, ptr } from "./libc.ts";

const F_SETFL = 4;
const F_SETOWN = 8;
const O_ASYNC = 0o20000;

const waiting = new Set<() => void>();
let listensToSignal = false;

/**
 * Calls once poll(2) finds these events at a descriptor, or that the other side is gone (POLLHUP). Bun tells neither of
 * a socket from which it doesn't read: so the kernel sends SIGIO (O_ASYNC), and poll(2) without waiting says for whom it
 * was. `flags` are those that the descriptor has besides. Gives a function that forgets it.
 */
export function whenPolled(
  path: string,
  fd: number,
  { events, flags }: { events: number; flags: number },
  onEvent: () => void,
): () => void {
  listenToSignal();
  const look = () => {
    if (hasEvent(fd, events)) {
      waiting.delete(look);
      checked("disarm", path, libc().fcntl(fd, F_SETFL, flags));
      onEvent();
    }
  };
  waiting.add(look);
  checked("arm", path, libc().fcntl(fd, F_SETOWN, process.pid));
  checked("arm", path, libc().fcntl(fd, F_SETFL, flags | O_ASYNC));
  look();
  return () => waiting.delete(look);
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

function hasEvent(fd: number, events: number): boolean {
  // struct pollfd: int fd; short events; short revents
  const request = new DataView(new ArrayBuffer(8));
  request.setInt32(0, fd, true);
  request.setInt16(4, events, true);
  return libc().poll(ptr(request), 1, 0) === 1;
}
