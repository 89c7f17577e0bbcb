import type { Subscription, UeventListener } from "../events.ts";
import { checked, libc, ptr } from "./libc.ts";
import { parseUevent } from "./parse-uevent.ts";

declare module "bun" {
  // Takes over an open descriptor; the types lack this form.
  function connect(options: FdSocketOptions): Promise<Socket>;
}

const AF_NETLINK = 16;
const NETLINK_KOBJECT_UEVENT = 15;
const SOCK_DGRAM = 2;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_RCVBUFFORCE = 33;
/** A coldplug of a large machine sends some thousand messages at once. */
const receiveBufferBytes = 8 << 20;

const listeners = new Set<UeventListener>();
let close: (() => void) | undefined;

/** One socket of this process for all its listeners, open as long as there is one. */
export function listenToUevents(listener: UeventListener): Subscription {
  listeners.add(listener);
  close ??= openSocket();
  return {
    close() {
      listeners.delete(listener);
      if (listeners.size > 0) return;
      close?.();
      close = undefined;
    },
  };
}

function openSocket(): () => void {
  const flags = SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
  const name = "the uevent socket";
  const fd = checked("open", name, libc().socket(AF_NETLINK, flags, NETLINK_KOBJECT_UEVENT));
  const size = new Int32Array([receiveBufferBytes]);
  const set = libc().setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, ptr(size), 4);
  checked("raise the buffer of", name, set);
  // struct sockaddr_nl: family, padding, port (0: chosen by the kernel), groups (1: the kernel's own)
  const address = new Uint32Array([AF_NETLINK, 0, 1]);
  checked("bind", name, libc().bind(fd, ptr(address), address.byteLength));
  let isOpen = true;
  const connected = Bun.connect({
    fd,
    socket: {
      data(_, message) {
        const event = parseUevent(message);
        if (event === undefined) return;
        for (const listener of [...listeners]) listener.onEvent(event);
      },
      // ENOBUFS: more events than the buffer holds, some are lost.
      close() {
        if (!isOpen || listeners.size === 0) return;
        isOpen = false;
        close = openSocket();
        for (const listener of [...listeners]) listener.onLost();
      },
      error() {
        // `close` follows and opens the socket anew.
      },
    },
  });
  return () => {
    isOpen = false;
    connected.then((socket) => socket.end()).catch(() => undefined);
  };
}
