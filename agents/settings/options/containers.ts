import { onOff } from "./option-forms.ts";
import { anywhere } from "./sources.ts";

/** What happens to containers by itself. */
export const containerOptions = [
  onOff({
    name: "boot2podman.autostart",
    help: "off: containers with a restart policy are not started after a boot",
    sources: anywhere,
    sets: "autostart",
    default: true,
  }),
];
