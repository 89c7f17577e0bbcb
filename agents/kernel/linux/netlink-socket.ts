import { checked, libc, ptr } from "./libc.ts";

declare module "bun" {
  // Takes over an open descriptor; the types lack this form.
  function connect(options: FdSocketOptions): Promise<Socket>;
}

const AF_NETLINK = 16;
const SOCK_DGRAM = 2;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_RCVBUFFORCE = 33;

/** Which messages of the kernel are wanted, and who gets them. */
export interface NetlinkRequest {
  /** For errors: "the uevent socket". */
  name: string;
  protocol: number;
  /** Bit mask of multicast groups. */
  groups: number;
  receiveBufferBytes: number;
  onMessage(message: Uint8Array): void;
  /** Messages were lost (ENOBUFS); the socket has been opened anew. */
  onLost(): void;
}

/** Listens to the kernel's messages until the function that it gives is called. Throws a KernelError. */
export function listenToNetlink(request: NetlinkRequest): () => void {
  const reopen = (): void => {
    close = open(request, reopen);
    request.onLost();
  };
  let close = open(request, reopen);
  return () => close();
}

function open(request: NetlinkRequest, onClosed: () => void): () => void {
  const { name, protocol, groups, receiveBufferBytes } = request;
  const flags = SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
  const fd = checked("open", name, libc().socket(AF_NETLINK, flags, protocol));
  const size = new Int32Array([receiveBufferBytes]);
  const set = libc().setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, ptr(size), 4);
  checked("raise the buffer of", name, set);
  // struct sockaddr_nl: family, padding, port (0: chosen by the kernel), groups
  const address = new Uint32Array([AF_NETLINK, 0, groups]);
  checked("bind", name, libc().bind(fd, ptr(address), address.byteLength));
  let isOpen = true;
  const connected = Bun.connect({
    fd,
    socket: {
      data: (_, message) => request.onMessage(message),
      // ENOBUFS: more events than the buffer holds, some are lost.
      close() {
        if (!isOpen) {
          return;
        }
        isOpen = false;
        onClosed();
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
