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

/** Listening sockets. */
export interface Sockets {
  /** Replaces what lies at `path` by a new listening stream socket (blocking, backlog 128). */
  listenUnix(path: string, mode: number): ListeningSocket;
}
