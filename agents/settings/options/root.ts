import { choice, knownWord, list, text, word } from "./option-forms.ts";
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
  choice({
    // For /init, which mounts it, but for "disk".
    name: "boot2podman.usr",
    choices: ["auto", "ram", "disk"],
    help: "where /usr comes from: a read-only disk that carries it, else RAM (auto, the default), or RAM in any case; disk: moved from RAM to the data disk after the boot",
    sources: anywhere,
    sets: "usr",
    default: "auto",
  }),
  word<"cde", boolean>({
    name: "cde",
    help: "the extensions in the folder cde of the boot medium are loaded",
    sources: anywhere,
    sets: "cde",
    default: false,
    on: true,
    off: false,
  }),
  word<"restore", boolean>({
    name: "norestore",
    help: "the files that filetool.sh has kept on the data disk are not restored",
    sources: anywhere,
    sets: "restore",
    default: true,
    on: false,
    off: true,
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
  text({
    name: "boot2podman.trying",
    value: "a|b",
    help: "set by the disk image's menu on the first boot of an upgrade: when the system is ready, further boots use that place too",
    sources: commandLineOnly,
    sets: "tryingSlot",
    default: undefined,
    matches: /^[ab]$/,
    expected: "a or b",
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
