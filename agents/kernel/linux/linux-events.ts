import { watch } from "node:fs";
import type { Events } from "../events.ts";
import { attempt } from "./attempt.ts";
import { listenToUevents } from "./uevent-socket.ts";
import { waitForDevice, waitForPath } from "./waiting.ts";

/** The real thing, by Linux's system calls. */
export const linuxEvents: Events = {
  uevents: listenToUevents,
  waitForDevice,
  waitForPath,
  watchFolder(path, onChange) {
    const watcher = attempt("watch", path, () => watch(path, onChange));
    return { close: () => watcher.close() };
  },
};
