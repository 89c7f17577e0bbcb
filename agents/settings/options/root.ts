import { knownWord, list, word } from "./option-forms.ts";
import { anywhere, commandLineOnly } from "./sources.ts";

type Root = "noembed" | "embed";
const noembed: Root = "noembed";

/** What the root is: a tmpfs ("noembed") or the kernel's own rootfs ("embed"). */
export const rootOptions = [
  word<"root", Root>({
    name: "noembed",
    help: "the root is a fresh tmpfs (the default)",
    sources: commandLineOnly,
    sets: "root",
    default: noembed,
    on: noembed,
    off: "embed",
  }),
  word<"root", Root>({
    name: "embed",
    help: "the root is the kernel's own rootfs; Podman does without pivot_root",
    sources: commandLineOnly,
    sets: "root",
    default: noembed,
    on: "embed",
    off: noembed,
  }),
  knownWord({
    name: "norestore",
    help: "accepted for compatibility, without effect",
    sources: anywhere,
  }),
];

/** How to look at a boot that goes wrong, or to make it go wrong. */
export const trialOptions = [
  // For /init: the agents don't run then.
  knownWord({
    name: "boot2podman.rescue",
    help: "run without the agents: plain sh starts the system",
    sources: commandLineOnly,
  }),
  list({
    name: "boot2podman.fault",
    value: "STAGE[,STAGE…]",
    help: "make these stages of the boot fail, to test that the system comes up without them",
    sources: commandLineOnly,
    sets: "faults",
    expected: "stages, with commas between",
  }),
];
