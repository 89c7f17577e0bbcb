import type { Owner } from "./files.ts";
import type { Limit } from "./quiet.ts";

/** A message of the kernel about a device (NETLINK_KOBJECT_UEVENT). */
export interface Uevent {
  action: string;
  /** Path below /sys: "/devices/pci0000:00/…". */
  devpath: string;
  /** SUBSYSTEM, MODALIAS, DEVNAME, INTERFACE, … */
  values: Readonly<Record<string, string>>;
}

/** Something that goes on until it is closed. */
export interface Subscription {
  close(): void;
}

/** Who is told of devices that come and go. */
export interface UeventListener {
  onEvent(event: Uevent): void;
  /** Events were lost (ENOBUFS) and the socket was opened anew: look at everything again. */
  onLost(): void;
}

/** How long to wait, and for what. */
export interface Wait {
  /** For the message when the deadline passes: "disk with label boot2podman-data". */
  what: string;
  timeoutMs: Limit;
}

/** Waiting for what happens: devices, files, processes. */
export interface Events {
  uevents(listener: UeventListener): Subscription;
  /**
   * Calls `find` now and after each uevent until it gives something, then gives that. For device nodes
   * and what lies in /sys. Throws ETIMEDOUT naming `what`.
   */
  waitForDevice<T>(find: () => T | undefined, wait: Wait): Promise<T>;
  /**
   * Waits until the path exists (inotify on its folder, which must exist). Not for /proc and /sys.
   * Throws ETIMEDOUT naming the path.
   */
  waitForPath(path: string, timeoutMs: Limit): Promise<void>;
  /** Calls `onChange` whenever an entry of the folder came, changed or went (inotify). */
  watchFolder(path: string, onChange: () => void): Subscription;
}

/** A unix socket that listens but from which we never accept: for socket activation. */
export interface ListeningSocket {
  readonly fd: number;
  /** Resolves when a client waits to be accepted, without accepting it. */
  connection(): Promise<void>;
  close(): void;
}

/** Who may ask at a socket, and what it is answered. */
export interface RequestHandler {
  /** Owner of the socket, mode 0600: he and root may ask. */
  owner: Owner;
  /** The answer to one request, both text. What it throws is nobody's answer: it has to catch. */
  answer(request: string): Promise<string>;
}

/** No request to a socket of ours, and no datagram, is longer. */
export const longestRequestBytes = 64 * 1024;

/** Listening sockets. */
export interface Sockets {
  /** Answers each request at a new unix socket that replaces what lies at `path`; a client that goes isn't answered. */
  answerRequests(path: string, handler: RequestHandler): Subscription;
  /** Sends one request to such a socket and gives the answer. Throws a KernelError: ENOENT or ECONNREFUSED when nobody listens, ECONNRESET without an answer, ETIMEDOUT. */
  request(path: string, text: string, timeoutMs: Limit): Promise<string>;
  /** Receives datagrams at a new unix socket that replaces what lies at `path`, mode 0600 (sd_notify(3)). */
  receiveDatagrams(path: string, owner: Owner, onMessage: (text: string) => void): Subscription;
  /** Replaces what lies at `path` by a new listening stream socket (blocking, backlog 128). */
  listenUnix(path: string, mode: number): ListeningSocket;
}
