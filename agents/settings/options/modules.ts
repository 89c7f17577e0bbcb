import { list } from "./option-forms.ts";
import { beforeDisks } from "./sources.ts";

/** Modules of the kernel. */
export const moduleOptions = [
  list({
    name: "blacklist",
    value: "MODULE[,MODULE…]",
    help: "kernel modules that are never loaded; may be given several times",
    sources: beforeDisks,
    sets: "blacklist",
    expected: "modules, with commas between",
  }),
];
