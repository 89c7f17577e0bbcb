import type { Network } from "../network.ts";
import { asKernelError } from "./attempt.ts";
import { before, exchange } from "./datagram.ts";
import { listenToNetlink } from "./netlink-socket.ts";
import { parseRouteMessages } from "./parse-route-message.ts";

const NETLINK_ROUTE = 0;
const RTMGRP_LINK = 1;
const RTMGRP_IPV6_IFADDR = 0x100;
/** RTNLGRP_ND_USEROPT is group 20. */
const userOptionsGroup = 1 << 19;

/** The real thing, by Linux's system calls. */
export const linuxNetwork: Network = {
  networkEvents(listener) {
    const close = listenToNetlink({
      name: "the route socket",
      protocol: NETLINK_ROUTE,
      groups: RTMGRP_LINK | RTMGRP_IPV6_IFADDR | userOptionsGroup,
      receiveBufferBytes: 1 << 20,
      onMessage(bytes) {
        for (const message of parseRouteMessages(bytes)) {
          if (message.of === "link") {
            listener.onLink(message);
          } else if (message.of === "address") {
            listener.onAddress();
          } else {
            listener.onNameServers(message);
          }
        }
      },
      onLost: () => listener.onLost(),
    });
    return { close };
  },
  async lookUp(name, timeoutMs) {
    // libc sees when resolv.conf has changed; Bun's own way reads it only once.
    const found = Bun.dns.lookup(name, { backend: "libc" }).catch((error: unknown) => {
      throw asKernelError("look up", name, error);
    });
    const addresses = await before(found, timeoutMs, "look up", name);
    return addresses.map(({ address }) => address);
  },
  exchange,
};
