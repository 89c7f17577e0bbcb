import { watch } from "node:fs";
import type { Network } from "../network.ts";
import { attempt } from "./attempt.ts";
import { listenToNetlink } from "./netlink-socket.ts";
import { parseRouteMessages } from "./parse-route-message.ts";

const NETLINK_ROUTE = 0;
const RTMGRP_LINK = 1;
/** RTNLGRP_ND_USEROPT is group 20. */
const userOptionsGroup = 1 << 19;

export const linuxNetwork: Network = {
  networkEvents(listener) {
    const close = listenToNetlink({
      name: "the route socket",
      protocol: NETLINK_ROUTE,
      groups: RTMGRP_LINK | userOptionsGroup,
      receiveBufferBytes: 1 << 20,
      onMessage(bytes) {
        for (const message of parseRouteMessages(bytes)) {
          if (message.of === "link") listener.onLink(message);
          else listener.onNameServers(message);
        }
      },
      onLost: () => listener.onLost(),
    });
    return { close };
  },
  watchFolder(path, onChange) {
    const watcher = attempt("watch", path, () => watch(path, onChange));
    return { close: () => watcher.close() };
  },
};
