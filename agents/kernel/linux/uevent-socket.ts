import type { Subscription, UeventListener } from "../events.ts";
import { listenToNetlink } from "./netlink-socket.ts";
import { parseUevent } from "./parse-uevent.ts";

const NETLINK_KOBJECT_UEVENT = 15;
/** The kernel's own messages; 2 would be what udev sends on. */
const kernelGroup = 1;
/** A coldplug of a large machine sends some thousand messages at once. */
const receiveBufferBytes = 8 << 20;

const listeners = new Set<UeventListener>();
let close: (() => void) | undefined;

/** One socket of this process for all its listeners, open as long as there is one. */
export function listenToUevents(listener: UeventListener): Subscription {
  listeners.add(listener);
  close ??= listenToNetlink({
    name: "the uevent socket",
    protocol: NETLINK_KOBJECT_UEVENT,
    groups: kernelGroup,
    receiveBufferBytes,
    onMessage(message) {
      const event = parseUevent(message);
      if (event === undefined) {
        return;
      }
      for (const one of [...listeners]) {
        one.onEvent(event);
      }
    },
    onLost() {
      for (const one of [...listeners]) {
        one.onLost();
      }
    },
  });
  return {
    close() {
      listeners.delete(listener);
      if (listeners.size > 0) {
        return;
      }
      close?.();
      close = undefined;
    },
  };
}
