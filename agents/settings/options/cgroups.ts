import { choice } from "./option-forms.ts";
import { beforeDisks } from "./sources.ts";

/** Control groups. */
export const cgroupOptions = [
  choice({
    name: "cgroup",
    help: "version of the control groups, default v2; v1 has only the controllers that the kernel still supports",
    sources: beforeDisks,
    sets: "cgroup",
    choices: ["v1", "v2"],
    default: "v2",
  }),
];
